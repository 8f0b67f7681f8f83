/**
 * The packaged application as a process of its own, a real broker, and the emulator of dbt Cloud. These tests see what users
 * see: topics, HTTP, the log, files; nothing in here knows the production code.
 */
package org.dbtrelay.it;

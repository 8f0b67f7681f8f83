/**
 * The packaged application as a process of its own, a real broker, and a stand-in for dbt Cloud. These tests see what users
 * see: topics, HTTP, the log, files; nothing in here knows the production code.
 */
package org.dbtrelay.it;

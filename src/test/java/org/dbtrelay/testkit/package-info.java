/**
 * The surroundings of tests and demo: a real Kafka broker in process, a reader of topics, and the packaged
 * application as a child process. Nothing in here knows the production code: it uses topics, HTTP and configuration only.
 */
package org.dbtrelay.testkit;

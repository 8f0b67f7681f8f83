/**
 * What the tests and the demo run against: a real Kafka broker in process, a reader of topics, and the packaged
 * application as a child process. Nothing in here knows the production code: it uses topics, HTTP and configuration only.
 */
package org.dbtrelay.testkit;

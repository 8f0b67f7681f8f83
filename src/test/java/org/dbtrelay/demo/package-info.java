/**
 * The demo: a Kafka broker, the emulator of dbt Cloud and the packaged application, a handful of commands, and the events
 * that come back, printed for a person. Run it with {@code ./mvnw -Pdemo}.
 */
package org.dbtrelay.demo;

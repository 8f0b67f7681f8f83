package org.dbtrelay.config;

/** How a CloudEvent is laid into a Kafka record (CloudEvents' Kafka protocol binding, section 3). */
public enum EventMode {
    /** Its attributes are headers, its data is the value. */
    BINARY,
    /** The value is a JSON object with its attributes and its data. */
    STRUCTURED
}

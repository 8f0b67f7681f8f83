package org.dbtrelay.config;

/** The layout of a CloudEvent in a Kafka record (CloudEvents' Kafka protocol binding, section 3). */
public enum EventMode {
    /** Its attributes are headers, its data is the value. */
    BINARY,
    /** The value is a JSON object with its attributes and its data. */
    STRUCTURED
}

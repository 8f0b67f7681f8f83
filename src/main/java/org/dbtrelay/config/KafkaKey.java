package org.dbtrelay.config;

/**
 * A setting of Kafka's clients that somebody has given, by whatever way.
 *
 * @param key as a user writes it, such as {@code kafka.acks} or {@code mp.messaging.incoming.commands.isolation.level}
 * @param name as Kafka calls it, such as {@code acks}
 * @param value may be a secret
 * @param origin where it comes from, as the end of a line; may be empty
 * @param everywhere whether it is for all clients; else it is for one of the relay's channels
 */
public record KafkaKey(String key, String name, String value, String origin, boolean everywhere) {}

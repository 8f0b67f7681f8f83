package org.dbtrelay.ledger.kafka;

import java.time.Duration;
import java.util.Map;
import org.apache.kafka.common.config.TopicConfig;
import org.dbtrelay.config.RelayConfig;

/** The settings of topics that the relay creates. */
final class TopicSettings {

    /** Room for the headers that a dead letter gets beside what it had. */
    private static final int DEAD_LETTER_MAX_BYTES = 2 * 1024 * 1024;

    private TopicSettings() {}

    /** The settings of a topic, by its name; the brokers' defaults apply to all others. */
    static Map<String, String> of(RelayConfig.Topics topics, String name) {
        if (name.equals(topics.control())) {
            return Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT);
        }
        if (name.equals(topics.ledger())) {
            return Map.of(
                    TopicConfig.CLEANUP_POLICY_CONFIG,
                    TopicConfig.CLEANUP_POLICY_COMPACT,
                    TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG,
                    "LogAppendTime",
                    TopicConfig.SEGMENT_MS_CONFIG,
                    String.valueOf(Duration.ofHours(6).toMillis()));
        }
        if (name.equals(topics.commands())) {
            return Map.of(TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG, "LogAppendTime");
        }
        if (name.equals(topics.hints())) {
            return Map.of(
                    TopicConfig.RETENTION_MS_CONFIG,
                    String.valueOf(Duration.ofMinutes(10).toMillis()));
        }
        if (name.equals(topics.deadLetters())) {
            return Map.of(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, String.valueOf(DEAD_LETTER_MAX_BYTES));
        }
        return Map.of();
    }
}

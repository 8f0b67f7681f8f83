package org.dbtrelay.ledger.placement;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Where clients really put keys, of seven partitions: what they themselves have answered. */
class PartitionerTest {

    private static final List<String> KEYS =
            List.of("559062", "70403103940001", "orders", "a", "ab", "abc", "P/E/nightly run", "ключ");

    /** kafkajs 2.2.4, {@code Partitioners.DefaultPartitioner}. */
    @Test
    void kafkasOwn() {
        assertThat(KEYS).extracting(key -> Placement.of(bytes(key), 7)).containsExactly(1, 3, 1, 5, 0, 4, 0, 4);
    }

    /** kafkajs 2.2.4, {@code Partitioners.LegacyPartitioner}. */
    @Test
    void kafkajsLegacy() {
        assertPartitions(Partitioner.KAFKAJS_LEGACY, 2, 2, 0, 1, 2, 0, 1, 1);
    }

    /** {@code @platformatic/kafka} 1.35.0. */
    @Test
    void platformatic() {
        assertPartitions(Partitioner.PLATFORMATIC, 1, 5, 3, 0, 0, 4, 2, 4);
    }

    /** CRC-32 as zlib has it. */
    @Test
    void librdkafka() {
        assertPartitions(Partitioner.LIBRDKAFKA, 1, 3, 5, 4, 5, 5, 2, 1);
    }

    @Test
    void sarama() {
        assertPartitions(Partitioner.SARAMA, 6, 1, 3, 6, 2, 5, 1, 0);
    }

    private static void assertPartitions(Partitioner partitioner, Integer... partitions) {
        assertThat(KEYS).extracting(key -> partitioner.partition(bytes(key), 7)).containsExactly(partitions);
    }

    private static byte[] bytes(String key) {
        return key.getBytes(StandardCharsets.UTF_8);
    }
}

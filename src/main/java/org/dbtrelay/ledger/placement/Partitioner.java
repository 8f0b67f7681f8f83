package org.dbtrelay.ledger.placement;

import java.util.Locale;
import java.util.zip.CRC32;
import org.apache.kafka.common.utils.Utils;

/**
 * Clients that choose the partition of a key otherwise than Kafka's own producer. A record does not name its client; its partition
 * may tell. {@code docs/commands.md} has the sources.
 */
enum Partitioner {
    /** {@code consistent_random}, its default: CRC-32. */
    LIBRDKAFKA("the default of librdkafka (kcat, confluent-kafka); set partitioner=murmur2_random") {
        @Override
        int partition(byte[] key, int partitions) {
            CRC32 crc = new CRC32();
            crc.update(key);
            return (int) (crc.getValue() % partitions);
        }
    },
    /** The default before version 2: murmur2, in numbers that cannot hold it. */
    KAFKAJS_LEGACY("the LegacyPartitioner of kafkajs; set createPartitioner: Partitioners.DefaultPartitioner") {
        @Override
        int partition(byte[] key, int partitions) {
            return Utils.toPositive(murmur2OfDoubles(key)) % partitions;
        }
    },
    /** murmur2, with the sign as a digit. */
    PLATFORMATIC("the default of @platformatic/kafka; set partitioner: compatibilityPartitioner") {
        @Override
        int partition(byte[] key, int partitions) {
            return Integer.remainderUnsigned(Utils.murmur2(key), partitions);
        }
    },
    /** FNV-1a. */
    SARAMA("the default of Sarama; set Producer.Partitioner to a custom one with murmur2 as its hash") {
        @Override
        int partition(byte[] key, int partitions) {
            int hash = 0x811c9dc5;
            for (byte each : key) {
                hash = (hash ^ (each & 0xff)) * 0x01000193;
            }
            return Math.abs(hash % partitions);
        }
    };

    private final String hint;

    Partitioner(String hint) {
        this.hint = hint;
    }

    /** The partition that the client chooses for a key. */
    abstract int partition(byte[] key, int partitions);

    /** The client, and the setting that makes it choose as Kafka's own. */
    String hint() {
        return hint;
    }

    /** The client's label in metrics. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * murmur2 as a language computes it whose numbers are doubles: a product of two has more digits than they hold, and only
     * the operators on bits make 32 of it.
     */
    private static int murmur2OfDoubles(byte[] key) {
        int m = 0x5bd1e995;
        int hash = 0x9747b28c ^ key.length;
        // It takes a last group of less than four bytes twice: here, and below.
        for (int at = 0; at < key.length; at += 4) {
            double group =
                    (double) at(key, at) + (at(key, at + 1) << 8) + (at(key, at + 2) << 16) + (at(key, at + 3) << 24);
            int mixed = bits(group * m);
            mixed ^= mixed >>> 24;
            hash = bits((double) hash * m) ^ bits((double) mixed * m);
        }
        int tail = key.length & ~3;
        double last = hash;
        if (key.length > tail) {
            int rest = at(key, tail) | at(key, tail + 1) << 8 | at(key, tail + 2) << 16;
            last = (double) (hash ^ rest) * m;
        }
        int mixed = bits(last) ^ bits(last) >>> 13;
        int end = bits((double) mixed * m);
        return end ^ end >>> 15;
    }

    private static int at(byte[] key, int index) {
        return index < key.length ? key[index] & 0xff : 0;
    }

    private static int bits(double number) {
        return (int) (long) number;
    }
}

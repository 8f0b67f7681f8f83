package org.dbtrelay.deadletter;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.event.DeadLetterRecordsForTests;
import org.dbtrelay.run.event.DeadLetter;
import org.dbtrelay.run.event.DeadLetterReason;
import org.junit.jupiter.api.Test;

/** What the relay writes as a dead letter is read as what its producer had sent. */
class LetterTest {

    private static final Instant NOW = Instant.parse("2026-11-29T10:00:00Z");

    @Test
    void hasWhatItsProducerHadSentAndWhyItWasPutAside() {
        Letter letter = Letter.of(put("key", "no command", 0), 100);

        assertThat(letter.place()).isEqualTo(new Letter.Place(1, 7));
        assertThat(letter.time()).isEqualTo(NOW);
        assertThat(letter.reason()).isEqualTo("malformed");
        assertThat(letter.message()).isEqualTo("no JSON");
        assertThat(letter.source()).isEqualTo(new Letter.Source("dbt.commands", 3, 12));
        assertThat(letter.key()).isEqualTo("key".getBytes(UTF_8));
        assertThat(letter.value()).isEqualTo("no command".getBytes(UTF_8));
        assertThat(letter.size()).isEqualTo(10);
        assertThat(letter.missing()).isNull();
        assertThat(Letter.headersOf(put("key", "no command", 0)).toArray())
                .extracting(Header::key)
                .containsExactly("from", "from");
    }

    @Test
    void hasTheFirstBytesOnly() {
        Letter letter = Letter.of(put("key", "no command", 0), 4);

        assertThat(letter.value()).isEqualTo("no c".getBytes(UTF_8));
        assertThat(letter.size()).isEqualTo(10);
    }

    /** A list holds hundreds of letters, and a key or a header may be as long as a record. */
    @Test
    void holdsNoMoreOfItsKeyAndOfHeadersThatItsProducerChose() {
        byte[] megabyte = new byte[1024 * 1024];
        Arrays.fill(megabyte, (byte) 'x');
        RecordHeaders headers = new RecordHeaders();
        headers.add("dlq-of-its-producer", megabyte)
                .add("dlq-key-omitted", megabyte)
                .add("dlq-message", megabyte);
        ConsumerRecord<byte[], byte[]> found = new ConsumerRecord<>(
                "dlq", 0, 0, 0, TimestampType.CREATE_TIME, 0, 0, megabyte, megabyte, headers, Optional.empty());

        Letter some = Letter.of(found, 4096);
        assertThat(some.key()).hasSize(4096);
        assertThat(some.keyIsCut()).isTrue();
        assertThat(some.value()).hasSize(4096);
        assertThat(some.message()).hasSize(4096);

        Letter whole = Letter.of(found, Integer.MAX_VALUE);
        assertThat(whole.key()).isEqualTo(megabyte);
        assertThat(whole.keyIsCut()).isFalse();
    }

    @Test
    void saysWhatItsTopicDidNotTake() {
        Letter withoutValue = Letter.of(put("key", "no command", 1), 100);
        assertThat(withoutValue.missing()).isEqualTo(Letter.Missing.VALUE);
        assertThat(withoutValue.value()).isNull();
        assertThat(withoutValue.size()).isEqualTo(10);
        assertThat(withoutValue.key()).isEqualTo("key".getBytes(UTF_8));

        Letter withoutKey = Letter.of(put("key", "no command", 2), 100);
        assertThat(withoutKey.missing()).isEqualTo(Letter.Missing.KEY);
        assertThat(withoutKey.key()).isNull();
    }

    @Test
    void aKeyThatTheRelayAddedIsNotItsOwn() {
        ConsumerRecord<byte[], byte[]> put = put(null, "no command", 1);

        assertThat(put.key()).isNotNull();
        assertThat(Letter.keyOf(put)).isNull();
        assertThat(Letter.of(put, 100).missing()).isNull();
    }

    @Test
    void aRecordOfSomebodyElseHasNoReason() {
        Letter letter = Letter.of(new ConsumerRecord<>("dlq", 0, 0L, "key".getBytes(UTF_8), "x".getBytes(UTF_8)), 100);

        assertThat(letter.reason()).isNull();
        assertThat(letter.source()).isNull();
    }

    /** What the relay writes for a record, after so many refusals of the topic. */
    static ConsumerRecord<byte[], byte[]> put(String key, String value, int refusals) {
        RecordHeaders headers = new RecordHeaders();
        headers.add("from", "orders".getBytes(UTF_8)).add("from", "again".getBytes(UTF_8));
        ConsumerRecord<byte[], byte[]> source = new ConsumerRecord<>(
                "dbt.commands",
                3,
                12,
                0,
                TimestampType.LOG_APPEND_TIME,
                key == null ? -1 : key.length(),
                value.length(),
                key == null ? null : key.getBytes(UTF_8),
                value.getBytes(UTF_8),
                headers,
                Optional.empty());
        ProducerRecord<byte[], byte[]> letter = DeadLetterRecordsForTests.of(TestConnections.config(Map.of()))
                .record(source, new DeadLetter(DeadLetterReason.MALFORMED, "no JSON"), NOW, refusals);
        assertThat(List.of(letter.headers().toArray())).isNotEmpty();
        return new ConsumerRecord<>(
                letter.topic(),
                1,
                7,
                0,
                TimestampType.CREATE_TIME,
                letter.key() == null ? -1 : letter.key().length,
                letter.value().length,
                letter.key(),
                letter.value(),
                letter.headers(),
                Optional.empty());
    }
}

package org.dbtrelay.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.dbtrelay.ledger.intake.MailboxItem;
import org.dbtrelay.ledger.intake.SourceRecord;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.event.DeadLetter;
import org.dbtrelay.run.event.DeadLetterReason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How much goes into one transaction, and what becomes of what the brokers refuse, with the real flow on clients without a broker. */
class StepsTest {

    private static final TopicPartition LEDGER = new TopicPartition("dbt.relay.ledger", 0);
    private static final int MANY = 2_000;
    private static final String WAITING = longAgo();

    private final MockTopics topics = new MockTopics();
    private final Owners owners = topics.owners(1);

    @AfterEach
    void stop() {
        owners.revoked(List.of(0));
    }

    @Test
    void aStartWithManyEntriesIsManyTransactions() {
        IntStream.range(0, MANY).forEach(i -> topics.add(waiting("command-" + i, "")));

        owners.assigned(List.of(0));

        await().until(() -> written("dbt.run.events").size() == MANY);
        assertThat(topics.transactions()).allSatisfy(each -> assertThat(each).hasSizeLessThan(20));
    }

    @Test
    void aTransactionIsBoundedByItsBytes() {
        String context = "x".repeat(8_000);
        IntStream.range(0, 20).forEach(i -> topics.add(waiting("command-" + i, context)));

        owners.assigned(List.of(0));

        await().until(() -> written("dbt.run.events").size() == 20);
        assertThat(topics.transactions())
                .allSatisfy(each -> assertThat(bytes(each)).isLessThan(12_000 + 10_000));
    }

    @Test
    void whoCannotBeToldOfForSizeEndsInLessAndNobodyElseDoes() {
        topics.add(waiting("large", "x".repeat(5_000)));
        topics.refused = record -> record.value() != null && record.value().length > 4_000;
        owners.assigned(List.of(0));
        offer(deadLetter(0, "key", "innocent", Map.of()));

        await().until(() -> !written("dbt.run.events").isEmpty()
                && !written("dbt.commands.dlq").isEmpty());

        assertThat(written("dbt.run.events"))
                .singleElement()
                .satisfies(event ->
                        assertThat(text(event.value())).contains("too large").doesNotContain("xxx"));
        assertThat(written("dbt.commands.dlq")).singleElement().satisfies(letter -> {
            assertThat(text(letter.value())).isEqualTo("innocent");
            assertThat(letter.headers().lastHeader("dlq-value-omitted")).isNull();
        });
    }

    @Test
    void aDeadLetterWhoseValueIsTooLargeIsWrittenWithoutIt() {
        topics.refused = record -> size(record) > 2_000;
        owners.assigned(List.of(0));
        offer(deadLetter(7, "key", "x".repeat(5_000), Map.of("from", "orders")));

        await().until(() -> !written("dbt.commands.dlq").isEmpty());

        ProducerRecord<byte[], byte[]> letter = written("dbt.commands.dlq").getFirst();
        assertThat(text(letter.key())).isEqualTo("key");
        assertThat(letter.value()).isEmpty();
        assertThat(header(letter, "dlq-value-omitted")).isEqualTo("5000");
        assertThat(header(letter, "from")).isEqualTo("orders");
    }

    @Test
    void aDeadLetterWhoseKeyAndHeadersAreTooLargeNamesItsPlace() {
        topics.refused = record -> size(record) > 2_000;
        owners.assigned(List.of(0));
        offer(deadLetter(7, "k".repeat(5_000), "value", Map.of("from", "h".repeat(5_000))));

        await().until(() -> !written("dbt.commands.dlq").isEmpty());

        ProducerRecord<byte[], byte[]> letter = written("dbt.commands.dlq").getFirst();
        assertThat(text(letter.key())).isEqualTo("dbt.commands-0-7");
        assertThat(header(letter, "dlq-key-omitted")).isEqualTo("5000");
        assertThat(header(letter, "dlq-headers-omitted")).isEqualTo("1");
        assertThat(header(letter, "dlq-offset")).isEqualTo("7");
    }

    @Test
    void aCompactedTopicOfDeadLettersGetsAKey() {
        topics.refused = record -> record.key() == null;
        topics.refusal = new InvalidRecordException("Compacted topic cannot accept message without key");
        owners.assigned(List.of(0));
        offer(deadLetter(7, null, "value", Map.of()));

        await().until(() -> !written("dbt.commands.dlq").isEmpty());

        ProducerRecord<byte[], byte[]> letter = written("dbt.commands.dlq").getFirst();
        assertThat(text(letter.key())).isEqualTo("dbt.commands-0-7");
        assertThat(text(letter.value())).isEqualTo("value");
        assertThat(header(letter, "dlq-key-added")).isEqualTo("true");
    }

    private void offer(MailboxItem item) {
        owners.offer(item.origin().record(), item.input(), item.origin().acknowledge());
    }

    private static MailboxItem deadLetter(long offset, String key, String value, Map<String, String> headers) {
        ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>(
                "dbt.commands",
                0,
                offset,
                0,
                TimestampType.CREATE_TIME,
                key == null ? -1 : key.length(),
                value.length(),
                key == null ? null : bytes(key),
                bytes(value),
                new RecordHeaders(),
                Optional.empty());
        headers.forEach((name, text) -> record.headers().add(name, bytes(text)));
        return new MailboxItem(
                new Input.NotACommand(new DeadLetter(DeadLetterReason.MALFORMED, "no JSON")),
                new SourceRecord(record, () -> {}));
    }

    private List<ProducerRecord<byte[], byte[]>> written(String topic) {
        return topics.written(topic);
    }

    private static int size(ProducerRecord<byte[], byte[]> record) {
        int size = length(record.key()) + length(record.value());
        for (var header : record.headers()) {
            size += header.value().length;
        }
        return size;
    }

    private static int length(byte[] content) {
        return content == null ? 0 : content.length;
    }

    private static int bytes(List<ProducerRecord<byte[], byte[]>> records) {
        return records.stream().mapToInt(StepsTest::size).sum();
    }

    private static String header(ProducerRecord<byte[], byte[]> record, String name) {
        return text(record.headers().lastHeader(name).value());
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** The ledger record of a command whose time is over, so that whoever reads it ends it. */
    private static ProducerRecord<byte[], byte[]> waiting(String id, String context) {
        String entry = WAITING.replace("\"c0\"", "\"" + id + "\"").replace("{\\\"a\\\":1}", "\\\"" + context + "\\\"");
        return new ProducerRecord<>(LEDGER.topic(), 0, bytes("c:" + id), bytes(entry));
    }

    private static String longAgo() {
        try (InputStream in = StepsTest.class.getResourceAsStream("/ledger/v1/0-waiting.json")) {
            return text(in.readAllBytes()).replace("2026-", "2020-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

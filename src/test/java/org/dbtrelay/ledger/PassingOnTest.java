package org.dbtrelay.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.dbtrelay.ledger.placement.PassedOn;
import org.dbtrelay.ledger.placement.Placement;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.CommandHash;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.RequestedOptions;
import org.dbtrelay.run.command.RunSelector;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.event.DeadLetter;
import org.dbtrelay.run.event.DeadLetterReason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Records that do not lie on the partition of their key, with the real flow on clients without a broker. */
class PassingOnTest {

    private static final String COMMANDS = "dbt.commands";
    private static final int HERE = 1;
    private static final long TIME = Clock.systemUTC().millis();

    private final MockTopics topics = new MockTopics();
    private final Owners owners = topics.owners(4);
    private int offset = 100;

    @AfterEach
    void stop() {
        owners.revoked(List.of(HERE));
    }

    @Test
    void aMisplacedRecordIsPassedOnWithThePositionAndDoesNothingHere() {
        String key = keyWhere(home -> home != HERE);
        offer(record(key, "id", ""));

        ProducerRecord<byte[], byte[]> passedOn = awaitOne(COMMANDS);

        assertThat(passedOn.partition()).isEqualTo(home(key, 4));
        assertThat(text(passedOn.key())).isEqualTo(key);
        assertThat(text(passedOn.value())).isEqualTo("id");
        assertThat(text(passedOn.headers().lastHeader("from").value())).isEqualTo("orders");
        assertThat(header(passedOn))
                .isEqualTo("topic=commands-topic from=1@100 timestamp=" + TIME + " to=" + home(key, 4) + " of=4");
        assertThat(topics.transactions())
                .filteredOn(each -> each.contains(passedOn))
                .singleElement()
                .satisfies(each ->
                        assertThat(each).hasSize(2).anyMatch(it -> it.topic().equals("dbt.relay.ledger")));
        assertThat(topics.written("dbt.run.events")).isEmpty();
    }

    @Test
    void aRecordThatLiesWhereItsKeyBelongsIsTaken() {
        offer(record(keyWhere(home -> home == HERE), "id", ""));

        awaitOne("dbt.run.events");
        assertThat(topics.written(COMMANDS)).isEmpty();
    }

    @Test
    void oneThatWasPassedOnHasTheIdOfThePlaceWhereItsProducerHadPutIt() {
        String key = keyWhere(home -> home == HERE);
        offer(record(key, null, "topic=commands-topic from=3@7 timestamp=" + TIME + " to=1 of=4"));

        awaitRejected("dbt.commands-3-7-" + TIME);
        assertThat(topics.written(COMMANDS)).isEmpty();
    }

    @Test
    void itsAgeIsThatOfTheRecordThatWasSent() {
        String key = keyWhere(home -> home == HERE);
        offer(record(key, "old", "topic=commands-topic from=3@7 timestamp=1000 to=1 of=4"));

        ProducerRecord<byte[], byte[]> letter = awaitOne("dbt.commands.dlq");
        assertThat(header(letter, "dlq-reason")).isEqualTo("expired");
        assertThat(header(letter, "dlq-partition") + "@" + header(letter, "dlq-offset"))
                .isEqualTo("3@7");
        assertThat(letter.headers().lastHeader(PassedOn.HEADER))
                .as("the letter is the record as it was sent, so it can be sent again")
                .isNull();
    }

    @Test
    void aHeaderThatCameWithACopyCountsForNothing() {
        String key = keyWhere(home -> home == HERE);
        String header = "topic=commands-topic from=3@7 timestamp=" + TIME + " to=1 of=4";
        offer(record(key, null, header));
        offer(record(key, null, header));

        awaitRejected("dbt.commands-3-7-" + TIME);
        awaitRejected("dbt.commands-1-101-" + TIME);
    }

    @Test
    void aHeaderFromElsewhereKeepsNoRecordFromItsPartition() {
        String key = keyWhere(home -> home != HERE);
        int home = home(key, 4);
        offer(record(key, "a", "topic=commands-topic from=3@7 timestamp=1 to=" + home + " of=4"));
        offer(record(key, "b", "topic=commands-topic from=3@7 timestamp=1 to=1 of=4"));
        offer(record(key, "c", "topic=another-topic from=3@7 timestamp=1 to=1 of=8"));
        offer(record(key, "d", "topic=commands-topic from=3@7 timestamp=1 to=1 of=0"));
        offer(record(key, "e", "true"));

        await().until(() -> topics.written(COMMANDS).size() == 5);
        assertThat(topics.written(COMMANDS)).extracting(PassingOnTest::header).satisfies(headers -> {
            for (int i = 0; i < 5; i++) {
                assertThat(headers.get(i))
                        .isEqualTo(
                                "topic=commands-topic from=1@10" + i + " timestamp=" + TIME + " to=" + home + " of=4");
            }
        });
        assertThat(topics.written(COMMANDS))
                .allSatisfy(each ->
                        assertThat(each.headers().headers(PassedOn.HEADER)).hasSize(1));
    }

    @Test
    void whenTheTopicHasGrownARecordIsPassedOnAgainAndKeepsItsOrigin() {
        topics.partitions = 12;
        String key = IntStream.range(0, 1_000)
                .mapToObj(i -> "key-" + i)
                .filter(it -> home(it, 4) == HERE && home(it, 12) != HERE)
                .findFirst()
                .orElseThrow();
        offer(record(key, "id", "topic=commands-topic from=3@7 timestamp=5 to=1 of=4"));

        assertThat(header(awaitOne(COMMANDS)))
                .isEqualTo("topic=commands-topic from=3@7 timestamp=5 to=" + home(key, 12) + " of=12");
    }

    @Test
    void whoHasNotHeardYetThatTheTopicHasGrownSendsNothingBack() {
        String key = IntStream.range(0, 1_000)
                .mapToObj(i -> "key-" + i)
                .filter(it -> home(it, 4) != HERE && home(it, 5) == HERE)
                .findFirst()
                .orElseThrow();
        offer(record(key, "id", "topic=commands-topic from=3@7 timestamp=" + TIME + " to=1 of=5"));

        awaitRejected("id");
        assertThat(topics.written(COMMANDS)).isEmpty();
    }

    @Test
    void whereKafkaDoesNotLetTheRelayWriteAMisplacedRecordIsPutAsideAndRunsNothing() {
        topics.mayWrite = false;
        offer(record(keyWhere(home -> home != HERE), "id", ""));

        ProducerRecord<byte[], byte[]> letter = awaitOne("dbt.commands.dlq");
        assertThat(header(letter, "dlq-reason")).isEqualTo("misplaced");
        assertThat(header(letter, "dlq-message")).contains("murmur2_random").contains("Write");
        assertThat(topics.written(COMMANDS)).isEmpty();
        assertThat(topics.written("dbt.run.events")).isEmpty();
    }

    @Test
    void aRefusalThatNobodyHadToldOfBeforePutsAsideWhatWasMisplacedAndNothingElse() {
        topics.refusal = new TopicAuthorizationException(Set.of(COMMANDS));
        // A transaction without the right fails as a whole, and each of its records has the same answer.
        topics.refusedTogether = record -> record.topic().equals(COMMANDS);
        offer(record(keyWhere(home -> home == HERE), "innocent", ""));
        offer(record(keyWhere(home -> home != HERE), "misplaced", ""));

        ProducerRecord<byte[], byte[]> letter = awaitOne("dbt.commands.dlq");
        assertThat(text(letter.value())).isEqualTo("misplaced");
        assertThat(header(letter, "dlq-message")).contains("Not authorized to access topics");
        awaitRejected("innocent");
        assertThat(topics.written("dbt.run.events")).hasSize(1);
    }

    @Test
    void oneThatIsTooLargeWithItsHeaderIsPutAsideAndBlocksNothing() {
        topics.refused = record -> record.topic().equals(COMMANDS);
        offer(record(keyWhere(home -> home != HERE), "id", ""));
        offer(record(keyWhere(home -> home == HERE), "next", ""));

        assertThat(header(awaitOne("dbt.commands.dlq"), "dlq-reason")).isEqualTo("misplaced");
        awaitRejected("next");
    }

    @Test
    void whatCannotBeReadIsPutAsideWhereItLies() {
        ConsumerRecord<byte[], byte[]> record = record(keyWhere(home -> home != HERE), "no JSON", "");
        offer(record, new Input.NotACommand(new DeadLetter(DeadLetterReason.MALFORMED, "no JSON")));

        assertThat(header(awaitOne("dbt.commands.dlq"), "dlq-reason")).isEqualTo("malformed");
        assertThat(topics.written(COMMANDS)).isEmpty();
    }

    @Test
    void aRecordWithoutAKeyGoesWhereTheAPIWouldPutItAndGetsNoKey() {
        long run = LongStream.range(1, 100)
                .filter(id -> home(Long.toString(id), 4) != HERE)
                .findFirst()
                .orElseThrow();
        offer(unkeyed("empty"), cancel("empty", new RunSelector.ById(run)));

        ProducerRecord<byte[], byte[]> passedOn = awaitOne(COMMANDS);
        assertThat(passedOn.partition()).isEqualTo(home(Long.toString(run), 4));
        assertThat(passedOn.key()).isEmpty();
    }

    /** So does the API put it here: beside its target, and without a key, which would have a partition of its own. */
    @Test
    void aCommandAboutAnotherOneStaysBesideIt() {
        offer(record(keyWhere(home -> home == HERE), "target", ""));
        awaitRejected("target");
        offer(unkeyed("cancel"), cancel("cancel", new RunSelector.OfCommand("target")));

        await().until(() -> topics.written("dbt.run.events").stream()
                .anyMatch(event -> header(event, "ce_id").startsWith("cancel/")));
        assertThat(topics.written(COMMANDS)).isEmpty();
    }

    private ConsumerRecord<byte[], byte[]> unkeyed(String id) {
        return record("", id, "");
    }

    private static Input.CommandReceived cancel(String id, RunSelector run) {
        return new Input.CommandReceived(
                new Command.Fit(
                        new Command.Head(id, "default", null, null, null, null),
                        new Task.Cancel(run),
                        RequestedOptions.NONE),
                new CommandHash(3, 4),
                Instant.ofEpochMilli(TIME),
                0);
    }

    private void offer(ConsumerRecord<byte[], byte[]> record) {
        String id = text(record.value()).isEmpty()
                ? Command.idOfPlace(record.topic(), record.partition(), record.offset(), record.timestamp())
                : text(record.value());
        offer(
                record,
                new Input.CommandReceived(
                        new Command.Unfit(
                                new Command.Head(id, "default", null, null, null, null),
                                "trigger",
                                RejectReason.INVALID,
                                "unfit"),
                        new CommandHash(1, 2),
                        Instant.ofEpochMilli(record.timestamp()),
                        record.offset()));
    }

    private void offer(ConsumerRecord<byte[], byte[]> record, Input.RecordInput input) {
        owners.assigned(owners.status().isEmpty() ? List.of(HERE) : List.of());
        owners.offer(record, input, () -> {});
    }

    /** A record that lies here; its value is the id of its command. */
    private ConsumerRecord<byte[], byte[]> record(String key, String id, String passedOn) {
        RecordHeaders headers = new RecordHeaders();
        headers.add("from", bytes("orders"));
        if (!passedOn.isEmpty()) {
            headers.add(PassedOn.HEADER, bytes("an older one"));
            headers.add(PassedOn.HEADER, bytes(passedOn));
        }
        byte[] value = id == null ? new byte[0] : bytes(id);
        return new ConsumerRecord<>(
                COMMANDS,
                HERE,
                offset++,
                TIME,
                TimestampType.LOG_APPEND_TIME,
                key.length(),
                value.length,
                bytes(key),
                value,
                headers,
                Optional.empty());
    }

    private ProducerRecord<byte[], byte[]> awaitOne(String topic) {
        await().until(() -> !topics.written(topic).isEmpty());
        assertThat(topics.written(topic)).hasSize(1);
        return topics.written(topic).getFirst();
    }

    private void awaitRejected(String id) {
        await("the rejection of " + id)
                .until(() -> topics.written("dbt.run.events").stream()
                        .anyMatch(event -> header(event, "ce_id").equals(id + "/0")));
    }

    private static String keyWhere(IntPredicate home) {
        return IntStream.range(0, 1_000)
                .mapToObj(i -> "key-" + i)
                .filter(key -> home.test(home(key, 4)))
                .findFirst()
                .orElseThrow();
    }

    private static int home(String key, int partitions) {
        return Placement.of(bytes(key), partitions);
    }

    private static String header(ProducerRecord<byte[], byte[]> record) {
        return header(record, PassedOn.HEADER);
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
}

package org.dbtrelay.deadletter;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.dbtrelay.command.SimCommands;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.Test;

/** Dead letters are listed from the newest, and replayed once. */
class ReplaysTest {

    private static final String DLQ = "dbt.commands.dlq";
    private static final String CONTROL = "dbt.relay.control";
    private static final String COMMANDS = "dbt.commands";
    private static final String GOOD = "{\"command\": \"trigger\", \"command_id\": \"c1\", \"job_id\": 7}";

    private final HandTurnedClock clock = HandTurnedClock.at("2026-11-29T10:00:00Z");
    private final RelayConfig config = TestConnections.config(Map.of());
    private final Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> logs = new HashMap<>();
    private final Map<TopicPartition, Long> begins = new HashMap<>();
    private final List<RuntimeException> commitFailures = new ArrayList<>();
    private final List<Exception> sendFailures = new ArrayList<>();

    /** What happens between a first look and the claim. */
    private final List<Replay> beforeClaim = new ArrayList<>();

    private String topicId = "first";
    private boolean mayRead = true;
    private Replays replays = instance();
    private DeadLetters letters;

    /** What one instance has; all share the topics. */
    private Replays instance() {
        KafkaSettings kafka = new Topics();
        letters = new DeadLetters(kafka, config, new Monotonic());
        return new Replays(kafka, letters, new ReplayLog(kafka, new Monotonic()), SimCommands.decoder(config), clock);
    }

    private interface Replay {
        void run() throws Unavailable;
    }

    private final class Topics extends KafkaSettings {
        Topics() {
            super(Map.of(), config);
        }

        @Override
        public Shape shape(String topic) {
            return new Shape(topic.equals(DLQ) ? topicId : topic, topic.equals(CONTROL) ? 1 : 2);
        }

        @Override
        public long endOf(TopicPartition partition) {
            return end(partition);
        }

        @Override
        public Consumer<byte[], byte[]> openReader(String topic) {
            return new MockConsumer<>("earliest") {
                @Override
                public synchronized void assign(Collection<TopicPartition> partitions) {
                    if (!mayRead) {
                        throw new TopicAuthorizationException(Set.of(topic));
                    }
                    super.assign(partitions);
                    for (TopicPartition each : partitions) {
                        updateBeginningOffsets(Map.of(each, begins.getOrDefault(each, 0L)));
                        updateEndOffsets(Map.of(each, end(each)));
                        logs.getOrDefault(each, List.of()).forEach(this::addRecord);
                    }
                }

                @Override
                public synchronized Map<TopicPartition, Long> beginningOffsets(Collection<TopicPartition> partitions) {
                    Map<TopicPartition, Long> all = new HashMap<>();
                    partitions.forEach(each -> all.put(each, begins.getOrDefault(each, 0L)));
                    return all;
                }
            };
        }

        @Override
        public Producer<byte[], byte[]> replayProducer() {
            return new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer()) {
                @Override
                public void initTransactions() {
                    try {
                        if (!beforeClaim.isEmpty()) {
                            beforeClaim.removeFirst().run();
                        }
                    } catch (Unavailable e) {
                        throw new IllegalStateException(e);
                    }
                    super.initTransactions();
                }

                @Override
                public synchronized Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record) {
                    return sendFailures.isEmpty()
                            ? super.send(record)
                            : CompletableFuture.failedFuture(sendFailures.removeFirst());
                }

                @Override
                public void commitTransaction() {
                    if (!commitFailures.isEmpty()) {
                        throw commitFailures.removeFirst();
                    }
                    super.commitTransaction();
                    history().forEach(ReplaysTest.this::committed);
                }
            };
        }
    }

    private long end(TopicPartition partition) {
        return logs.getOrDefault(partition, List.of()).size();
    }

    private void committed(ProducerRecord<byte[], byte[]> record) {
        add(new TopicPartition(record.topic(), 0), record.key(), record.value(), record.headers());
    }

    private void add(TopicPartition partition, byte[] key, byte[] value, Iterable<Header> headers) {
        List<ConsumerRecord<byte[], byte[]>> log = logs.computeIfAbsent(partition, each -> new ArrayList<>());
        log.add(new ConsumerRecord<>(
                partition.topic(),
                partition.partition(),
                log.size(),
                clock.millis(),
                TimestampType.CREATE_TIME,
                key == null ? -1 : key.length,
                value == null ? -1 : value.length,
                key,
                value,
                new RecordHeaders(headers),
                Optional.empty()));
    }

    /** The next dead letter of a partition, put aside at the clock's time. */
    private void putAside(int partition, String key, String value, int refusals) {
        ConsumerRecord<byte[], byte[]> letter = LetterTest.put(key, value, refusals);
        RecordHeaders headers = new RecordHeaders(letter.headers());
        headers.remove("dlq-time");
        headers.add("dlq-time", clock.instant().toString().getBytes(UTF_8));
        add(new TopicPartition(DLQ, partition), letter.key(), letter.value(), headers);
    }

    private List<ConsumerRecord<byte[], byte[]>> commands() {
        return logs.getOrDefault(new TopicPartition(COMMANDS, 0), List.of());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    @Test
    void goesBackFromTheNewestOfAllPartitions() throws Unavailable {
        for (int i = 0; i < 250; i++) {
            clock.advance(java.time.Duration.ofSeconds(1));
            putAside(i % 5 == 0 ? 0 : 1, "k", "letter " + i, 0);
        }
        List<String> seen = new ArrayList<>();
        Map<Integer, Long> below = Map.of();
        do {
            DeadLetters.Page page = letters.newest(letter -> true, 60, below);
            page.letters().forEach(letter -> seen.add(new String(letter.value(), UTF_8)));
            below = page.below();
        } while (!below.isEmpty());

        assertThat(seen)
                .isEqualTo(IntStream.range(0, 250)
                        .mapToObj(i -> "letter " + (249 - i))
                        .toList());
        assertThat(letters.newest(letter -> letter.size() == 8, 60, Map.of()).letters())
                .as("those of one digit")
                .hasSize(10);
    }

    @Test
    void replaysOnceWhoeverAsksAgain() throws Unavailable {
        putAside(1, "the key", "no command", 0);
        Letter.Place place = new Letter.Place(1, 0);

        var done = (Replays.Outcome.Done) replays.replay(place, "ops", bytes(GOOD));
        assertThat(done.now()).isTrue();
        assertThat(done.replayed().commandId()).isEqualTo("c1");
        assertThat(done.replayed().by()).isEqualTo("ops");
        assertThat(commands()).singleElement().satisfies(sent -> {
            assertThat(sent.key()).isEqualTo(bytes("the key"));
            assertThat(sent.value()).isEqualTo(bytes(GOOD));
            assertThat(sent.headers().toArray()).extracting(Header::key).containsExactly("from", "from");
        });

        assertThat(replays.replay(place, "other", null)).isEqualTo(new Replays.Outcome.Done(done.replayed(), false));
        Replays another = instance();
        assertThat(another.replay(place, null, bytes(GOOD)))
                .isEqualTo(new Replays.Outcome.Done(done.replayed(), false));
        assertThat(another.replayed()).containsOnlyKeys(place);
        assertThat(commands()).hasSize(1);
    }

    @Test
    void aCommandWithoutAnIdHasThatOfItsNewPlace() throws Unavailable {
        putAside(0, null, "{\"command\": \"trigger\", \"job_id\": 7}", 0);

        var done = (Replays.Outcome.Done) replays.replay(new Letter.Place(0, 0), null, null);

        assertThat(done.replayed().commandId()).startsWith(COMMANDS + "-");
        assertThat(done.replayed().mended()).isFalse();
        assertThat(commands().getFirst().key()).isNull();
    }

    @Test
    void whatWouldBeNoCommandAgainIsNotSent() throws Unavailable {
        putAside(0, "k", "no command", 0);
        putAside(0, "k", "no command", 1);
        putAside(0, "k", "no command", 2);
        Letter.Place place = new Letter.Place(0, 0);

        assertThat(replays.replay(place, null, null)).isInstanceOf(Replays.Outcome.Refused.class);
        assertThat(replays.replay(place, null, bytes("{\"command\": \"trigger\", \"jobid\": 7}")))
                .isInstanceOfSatisfying(
                        Replays.Outcome.Refused.class,
                        refused -> assertThat(refused.why()).startsWith("jobid: "));
        assertThat(replays.replay(new Letter.Place(0, 1), null, null))
                .isInstanceOfSatisfying(
                        Replays.Outcome.Refused.class,
                        refused -> assertThat(refused.why()).contains("offset 12 of partition 3"));
        assertThat(replays.replay(new Letter.Place(0, 1), null, bytes(GOOD))).isInstanceOf(Replays.Outcome.Done.class);
        assertThat(replays.replay(new Letter.Place(0, 2), null, bytes(GOOD)))
                .as("nobody knows its key")
                .isInstanceOf(Replays.Outcome.Refused.class);
        assertThat(replays.replay(new Letter.Place(0, 9), null, null)).isInstanceOf(Replays.Outcome.Gone.class);
        assertThat(replays.replay(new Letter.Place(7, 0), null, null)).isInstanceOf(Replays.Outcome.Gone.class);
        assertThat(commands()).hasSize(1);
    }

    @Test
    void whoIsFencedTriesAgain() throws Unavailable {
        putAside(0, "k", GOOD, 0);
        commitFailures.add(new ProducerFencedException("another instance"));

        assertThat(replays.replay(new Letter.Place(0, 0), null, null)).isInstanceOf(Replays.Outcome.Done.class);
        assertThat(commands()).hasSize(1);

        putAside(0, "k", GOOD, 0);
        IntStream.range(0, 3).forEach(i -> commitFailures.add(new ProducerFencedException("another instance")));
        assertThatThrownBy(() -> replays.replay(new Letter.Place(0, 1), null, null))
                .isInstanceOf(Unavailable.class)
                .hasMessageContaining("ask again");
        assertThat(commands()).hasSize(1);
    }

    @Test
    void anUnclearCommitIsToldAndAskingAgainIsSafe() throws Unavailable {
        putAside(0, "k", GOOD, 0);
        commitFailures.add(new TimeoutException("no answer"));

        assertThatThrownBy(() -> replays.replay(new Letter.Place(0, 0), null, null))
                .isInstanceOf(Unavailable.class)
                .hasMessageContaining("no answer");
        assertThat(replays.replay(new Letter.Place(0, 0), null, null)).isInstanceOf(Replays.Outcome.Done.class);
        assertThat(commands()).hasSize(1);
    }

    /** Both have looked before either has claimed. */
    @Test
    void whoComesSecondFindsWhatTheFirstHasSent() throws Unavailable {
        putAside(0, "k", GOOD, 0);
        Letter.Place place = new Letter.Place(0, 0);
        Replays another = instance();
        beforeClaim.add(() -> assertThat(another.replay(place, "first", null))
                .isInstanceOfSatisfying(
                        Replays.Outcome.Done.class,
                        done -> assertThat(done.now()).isTrue()));

        assertThat(replays.replay(place, "second", null)).isInstanceOfSatisfying(Replays.Outcome.Done.class, done -> {
            assertThat(done.now()).isFalse();
            assertThat(done.replayed().by()).isEqualTo("first");
        });
        assertThat(commands()).hasSize(1);
    }

    @Test
    void whatIsNotTakenIsNotReplayed() throws Unavailable {
        putAside(0, "k", GOOD, 0);
        Letter.Place place = new Letter.Place(0, 0);
        for (Exception failure :
                List.of(new TimeoutException("no leader"), new IllegalStateException("no leader either"))) {
            sendFailures.add(failure);
            assertThatThrownBy(() -> replays.replay(place, null, null))
                    .isInstanceOf(Unavailable.class)
                    .hasMessageContaining(failure.getMessage());
            assertThat(replays.replayed()).isEmpty();
            assertThat(commands()).isEmpty();
        }

        assertThat(replays.replay(place, null, null))
                .isInstanceOfSatisfying(
                        Replays.Outcome.Done.class,
                        done -> assertThat(done.now()).isTrue());
        assertThat(commands()).hasSize(1);
    }

    @Test
    void whatTheTopicHasNoMoreIsForgotten() throws Unavailable {
        putAside(0, "k", GOOD, 0);
        putAside(0, "k", GOOD.replace("c1", "c2"), 0);
        replays.replay(new Letter.Place(0, 0), null, null);
        begins.put(new TopicPartition(DLQ, 0), 1L);

        assertThat(replays.replay(new Letter.Place(0, 0), null, null)).isInstanceOf(Replays.Outcome.Gone.class);
        replays.replay(new Letter.Place(0, 1), null, null);
        assertThat(replays.replayed()).containsOnlyKeys(new Letter.Place(0, 1));
    }

    @Test
    void aTopicThatWasMadeAnewHasLettersOfItsOwn() throws Unavailable {
        putAside(0, "k", GOOD, 0);
        Letter.Place place = new Letter.Place(0, 0);
        replays.replay(place, null, null);
        assertThat(Replays.of(replays.replayed(), place, replays.topicId())).isNotNull();

        topicId = "second";
        assertThat(Replays.of(replays.replayed(), place, replays.topicId())).isNull();
        assertThat(replays.replay(place, null, null))
                .isInstanceOfSatisfying(
                        Replays.Outcome.Done.class,
                        done -> assertThat(done.now()).isTrue());
    }

    @Test
    void aRecordThatCannotBeReadCountsAsReplayed() throws Unavailable {
        putAside(0, "k", GOOD, 0);
        add(new TopicPartition(CONTROL, 0), bytes("dbt.relay.ledger/replayed/0/0"), bytes("{"), new RecordHeaders());
        add(new TopicPartition(CONTROL, 0), bytes("other/replayed/0/0"), bytes("{"), new RecordHeaders());

        assertThat(replays.replay(new Letter.Place(0, 0), null, null))
                .isInstanceOfSatisfying(
                        Replays.Outcome.Done.class,
                        done -> assertThat(done.now()).isFalse());
        assertThat(commands()).isEmpty();
    }

    @Test
    void aMissingRightIsNamed() {
        mayRead = false;

        assertThatThrownBy(() -> letters.newest(letter -> true, 1, Map.of()))
                .isInstanceOf(Unavailable.class)
                .hasMessageContaining(DLQ)
                .hasMessageContaining("ACL");
    }
}

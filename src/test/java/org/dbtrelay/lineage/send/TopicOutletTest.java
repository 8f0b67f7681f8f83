package org.dbtrelay.lineage.send;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.metrics.SimMetrics;
import org.dbtrelay.testkit.LogLines;
import org.junit.jupiter.api.Test;

class TopicOutletTest {

    private static final String AT_ONCE = "the topic is not there";

    /** A producer whose sends fail as a test says, in turn; those behind are taken. */
    private static final class FailingProducer extends MockProducer<byte[], byte[]> {
        private final Deque<Optional<RuntimeException>> thrown = new ArrayDeque<>();
        private final Deque<Optional<RuntimeException>> answered = new ArrayDeque<>();
        private int sends;

        FailingProducer() {
            super(true, null, new ByteArraySerializer(), new ByteArraySerializer());
        }

        @Override
        public synchronized Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> message) {
            next(thrown).ifPresent(now -> {
                throw now;
            });
            sends++;
            return next(answered)
                    .<Future<RecordMetadata>>map(FailingProducer::late)
                    .orElseGet(() -> super.send(message));
        }

        /** Known only to whoever waits for it. */
        private static Future<RecordMetadata> late(RuntimeException failure) {
            return AT_ONCE.equals(failure.getMessage())
                    ? CompletableFuture.failedFuture(failure)
                    : new CompletableFuture<>() {
                        @Override
                        public RecordMetadata get() throws ExecutionException {
                            throw new ExecutionException(failure);
                        }
                    };
        }

        private static Optional<RuntimeException> next(Deque<Optional<RuntimeException>> inTurn) {
            return inTurn.isEmpty() ? Optional.empty() : inTurn.remove();
        }
    }

    private final List<Duration> pauses = new ArrayList<>();
    private final Monotonic monotonic = new Monotonic() {
        @Override
        public void pause(Duration time) {
            pauses.add(time);
        }
    };
    private final FailingProducer producer = new FailingProducer();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final TopicOutlet outlet = new TopicOutlet(producer, "lineage", monotonic, SimMetrics.on(registry));

    private static Encoded event(int number) {
        return new Encoded(
                ("k" + number).getBytes(StandardCharsets.UTF_8), ("v" + number).getBytes(StandardCharsets.UTF_8));
    }

    private void send(int... numbers) throws InterruptedException {
        List<Encoded> events = new ArrayList<>();
        for (int number : numbers) {
            events.add(event(number));
        }
        outlet.send(events);
    }

    private List<String> written() {
        return producer.history().stream()
                .map(message -> new String(message.value(), StandardCharsets.UTF_8))
                .toList();
    }

    private double counted(String outcome) {
        return registry.get("relay.lineage.events")
                .tags("to", "topic", "outcome", outcome)
                .counter()
                .count();
    }

    @Test
    void writesEventsInTheirOrder() throws InterruptedException {
        send(1, 2, 3);

        assertThat(written()).containsExactly("v1", "v2", "v3");
        assertThat(producer.history())
                .allMatch(message -> message.topic().equals("lineage"))
                .extracting(message -> new String(message.key(), StandardCharsets.UTF_8))
                .containsExactly("k1", "k2", "k3");
        assertThat(counted("written")).isEqualTo(3);
        assertThat(pauses).isEmpty();
    }

    @Test
    void sendsNothingOfNothing() throws InterruptedException {
        send();

        assertThat(producer.history()).isEmpty();
        assertThat(registry.find("relay.lineage.events").counter()).isNull();
    }

    @Test
    void leavesOutWhatTheBrokerRefuses() throws InterruptedException {
        producer.answered.add(Optional.of(new RecordTooLargeException("too large")));
        producer.answered.add(Optional.empty());
        producer.answered.add(Optional.of(new InvalidRecordException("no key")));

        send(1, 2, 3);

        assertThat(written()).containsExactly("v2");
        assertThat(counted("refused")).isEqualTo(2);
        assertThat(counted("written")).isEqualTo(1);
        assertThat(pauses).isEmpty();
    }

    /** The end of a run must not stand in front of its start: what is behind a failure comes again. */
    @Test
    void sendsFromTheFirstOneOnThatFailed() throws InterruptedException {
        producer.answered.add(Optional.empty());
        producer.answered.add(Optional.of(new TimeoutException("30 s")));
        producer.answered.add(Optional.of(new RecordTooLargeException("too large")));
        producer.answered.add(Optional.empty());

        send(1, 2, 3, 4);

        assertThat(written()).containsExactly("v1", "v4", "v2", "v4");
        assertThat(counted("failed")).isEqualTo(1);
        assertThat(counted("refused")).isEqualTo(1);
        assertThat(counted("written")).isEqualTo(4);
        assertThat(pauses).containsExactly(Duration.ofSeconds(1));
    }

    /** A failure of another kind is not known to be about the event. */
    @Test
    void sendsAgainAfterAFailureThatIsNotKafkas() throws InterruptedException {
        producer.answered.add(Optional.of(new IllegalArgumentException("odd")));

        send(1);

        assertThat(written()).containsExactly("v1");
        assertThat(counted("failed")).isEqualTo(1);
    }

    /** The producer waits for a topic that is not there with each event anew: the first one says enough. */
    @Test
    void triesOneEventWhileTheTopicIsNotThere() throws InterruptedException {
        producer.answered.add(Optional.of(new TimeoutException(AT_ONCE)));
        producer.answered.add(Optional.of(new TimeoutException(AT_ONCE)));

        send(1, 2, 3);

        assertThat(producer.sends).isEqualTo(2 + 3);
        assertThat(written()).containsExactly("v1", "v2", "v3");
        assertThat(counted("failed")).isEqualTo(2);
    }

    @Test
    void saysWithoutWaitingThatItIsNotTaken() throws InterruptedException {
        producer.answered.add(Optional.of(new TimeoutException("30 s")));

        assertThat(outlet.trySend(List.of(event(1), event(2)))).isFalse();
        assertThat(outlet.trySend(List.of(event(1), event(2)))).isTrue();

        assertThat(pauses).isEmpty();
        assertThat(counted("failed")).isEqualTo(1);
    }

    /** Events behind one that cannot be sent wait, so that their order stays. */
    @Test
    void waitsWithTheRestWhenTheProducerTakesNoMore() throws InterruptedException {
        producer.thrown.add(Optional.empty());
        producer.thrown.add(Optional.of(new TimeoutException("no metadata")));
        producer.thrown.add(Optional.of(new TimeoutException("no metadata")));

        send(1, 2, 3);

        assertThat(written()).containsExactly("v1", "v2", "v3");
        assertThat(pauses).containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(2));
    }

    @Test
    void sendsWhatFailedBeforeWhatWasNotTried() throws InterruptedException {
        producer.answered.add(Optional.of(new TimeoutException("30 s")));
        producer.thrown.add(Optional.empty());
        producer.thrown.add(Optional.of(new TimeoutException("no metadata")));

        send(1, 2);

        assertThat(written()).containsExactly("v1", "v2");
        assertThat(pauses).hasSize(1);
    }

    @Test
    void waitsAtMostHalfAMinuteAndBeginsAnewAfterwards() throws InterruptedException {
        for (int i = 0; i < 7; i++) {
            producer.thrown.add(Optional.of(new TimeoutException("no metadata")));
        }
        send(1);
        producer.thrown.add(Optional.of(new TimeoutException("no metadata")));
        send(2);

        assertThat(pauses).extracting(Duration::toSeconds).containsExactly(1L, 2L, 4L, 8L, 16L, 30L, 30L, 1L);
    }

    @Test
    void namesTheRightThatIsMissing() throws InterruptedException {
        producer.answered.add(Optional.of(new TopicAuthorizationException(Set.of("lineage"))));
        try (LogLines log = LogLines.of(Outage.class.getName())) {
            send(1);

            assertThat(log.lines())
                    .first()
                    .asString()
                    .contains("Lineage events are not taken")
                    .contains("Kafka does not let the relay's user Write topic 'lineage'; add the ACL");
        }
        assertThat(written()).containsExactly("v1");
    }

    @Test
    void endsWithTheProducer() {
        outlet.close();

        assertThat(producer.closed()).isTrue();
        assertThatThrownBy(() -> send(1))
                .isInstanceOf(InterruptedException.class)
                .hasCauseInstanceOf(IllegalStateException.class);
    }
}

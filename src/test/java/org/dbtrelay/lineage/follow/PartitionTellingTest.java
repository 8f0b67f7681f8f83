package org.dbtrelay.lineage.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.lineage.follow.ScriptedCloud.Answer;
import org.dbtrelay.lineage.tell.ToldRun;
import org.dbtrelay.metrics.SimMetrics;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PartitionTellingTest {

    private static final String RUNS = ScriptedCloud.event("run.running", "running");

    private final ScriptedCloud cloud = new ScriptedCloud();
    private final SentEvents sent = new SentEvents();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final Progress progress = new Progress(10, "");
    private @Nullable PartitionTelling telling;

    @AfterEach
    void stop() {
        if (telling != null) {
            telling.end();
        }
    }

    private PartitionTelling begin(Progress from, Predicate<ToldRun> wanted) {
        RunTelling runs = new RunTelling(
                cloud.connections,
                new RunSurroundings(TestConnections.config(Map.of()).openLineage(), "test"),
                sent,
                new Semaphore(1),
                Duration.ofSeconds(10),
                Duration.ofDays(7),
                SimMetrics.on(registry),
                cloud.clock,
                cloud.monotonic);
        PartitionTelling begun = new PartitionTelling(runs, wanted, from);
        telling = begun;
        return begun;
    }

    private PartitionTelling begin() {
        return begin(progress, _ -> true);
    }

    private static ConsumerRecord<byte[], byte[]> at(long offset, @Nullable String json) {
        byte[] value = json == null ? null : json.getBytes(StandardCharsets.UTF_8);
        return new ConsumerRecord<>("events", 0, offset, new byte[0], value);
    }

    private static void committable(Progress progress, long offset) {
        await().until(() -> progress.pending() == 0);
        assertThat(progress.toCommit()).contains(new Progress.State(offset, ""));
    }

    @Test
    void passesByWhatIsNoEvent() {
        PartitionTelling partition = begin();

        partition.take(at(10, null));
        partition.take(at(11, "no json"));
        partition.take(at(12, "[]"));
        partition.take(at(13, ScriptedCloud.event("run.queued", "queued")));

        assertThat(partition.progress()).isSameAs(progress);
        committable(progress, 14);
        assertThat(sent.told()).isEmpty();
    }

    @Test
    void passesByWhatIsNotWanted() {
        PartitionTelling partition = begin(progress, run -> run.jobId() != 559062);

        partition.take(at(10, RUNS));

        committable(progress, 11);
        assertThat(sent.told()).isEmpty();
    }

    @Test
    void tellsThatARunRuns() {
        begin().take(at(10, RUNS));

        committable(progress, 11);
        assertThat(sent.told()).hasSize(1).first().asString().startsWith("START");
        assertThat(cloud.asked).as("its steps are told at its end").isEmpty();
    }

    private String first() {
        return sent.told().getFirst();
    }

    @Test
    void tellsTheEndOfARunThenItsSteps() {
        cloud.run(Answer.run(ScriptedCloud.RUN_ENDED));

        begin().take(at(10, ScriptedCloud.ended()));

        committable(progress, 11);
        assertThat(sent.told()).hasSize(5);
        assertThat(first()).startsWith("COMPLETE").doesNotContain("dbt build");
    }

    @Test
    void readsEventsInStructuredMode() {
        ConsumerRecord<byte[], byte[]> message =
                at(10, "{\"specversion\": \"1.0\", \"id\": \"1\", \"data\": " + RUNS + "}");
        message.headers()
                .add("content-type", "application/cloudevents+json; charset=UTF-8".getBytes(StandardCharsets.UTF_8));

        begin().take(message);

        committable(progress, 11);
        assertThat(sent.told()).hasSize(1);
    }

    /** So are they in binary mode, or from somebody who sets no type. */
    @Test
    void readsEventsOfOtherTypesAsTheyStand() {
        ConsumerRecord<byte[], byte[]> json = at(10, RUNS);
        json.headers().add("content-type", "application/json".getBytes(StandardCharsets.UTF_8));
        ConsumerRecord<byte[], byte[]> empty = at(11, RUNS);
        empty.headers().add("content-type", null);
        PartitionTelling partition = begin();

        partition.take(json);
        partition.take(empty);

        committable(progress, 12);
        assertThat(sent.told()).hasSize(2);
    }

    @Test
    void goesOnWhereAnotherInstanceStopped() {
        Progress from = new Progress(10, "0:5:1,1d");
        cloud.run(Answer.run(ScriptedCloud.RUN_ENDED));
        PartitionTelling partition = begin(from, _ -> true);

        partition.take(at(10, ScriptedCloud.ended()));
        partition.take(at(11, ScriptedCloud.ended()));

        committable(from, 12);
        assertThat(sent.told())
                .hasSize(1)
                .first()
                .asString()
                .startsWith("COMPLETE")
                .contains("dbt run");
    }

    @Test
    void countsARunWhoseLineageFailsAndGoesOn() {
        AtomicBoolean fails = new AtomicBoolean(true);
        sent.before = () -> {
            if (fails.getAndSet(false)) {
                throw new IllegalStateException("an internal error");
            }
        };
        PartitionTelling partition = begin();

        partition.take(at(10, RUNS));
        partition.take(at(11, RUNS));

        committable(progress, 12);
        assertThat(sent.told()).hasSize(1);
        assertThat(registry.get("relay.lineage.runs")
                        .tag("outcome", "failed")
                        .counter()
                        .count())
                .isEqualTo(1);
    }

    @Test
    void countsStepsThatFail() {
        cloud.run(Answer.run(ScriptedCloud.RUN_ENDED));
        AtomicBoolean isFirst = new AtomicBoolean(true);
        sent.before = () -> {
            if (!isFirst.getAndSet(false)) {
                throw new StackOverflowError("an internal error");
            }
        };

        begin().take(at(10, ScriptedCloud.ended()));

        committable(progress, 11);
        assertThat(sent.told()).hasSize(1);
        assertThat(registry.get("relay.lineage.runs")
                        .tag("outcome", "failed")
                        .counter()
                        .count())
                .isEqualTo(1);
    }

    /** The next owner tells it: nothing may be taken for told. */
    @Test
    void leavesWhatIsNotToldToTheNextOwner() throws InterruptedException {
        CompletableFuture<Thread> sender = new CompletableFuture<>();
        sent.before = () -> {
            sender.complete(Thread.currentThread());
            new CountDownLatch(1).await();
        };
        PartitionTelling partition = begin();
        partition.take(at(10, RUNS));
        Thread worker = sender.join();

        partition.end();

        worker.join();
        assertThat(progress.pending()).isEqualTo(1);
        assertThat(progress.oldest()).contains(Instant.parse("2026-11-29T12:02:03Z"));
        assertThat(progress.toCommit()).contains(new Progress.State(10, ""));
    }

    /** What breaks because the partition is given up is no internal error. */
    @Test
    void doesNotCountWhatFailsAfterItsEnd() throws InterruptedException {
        CompletableFuture<Thread> sender = new CompletableFuture<>();
        sent.before = () -> {
            sender.complete(Thread.currentThread());
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                throw new IllegalStateException("the producer is closed", e);
            }
        };
        PartitionTelling partition = begin();
        partition.take(at(10, RUNS));
        Thread worker = sender.join();

        partition.end();

        worker.join();
        assertThat(progress.pending()).isEqualTo(1);
        assertThat(registry.find("relay.lineage.runs").counter()).isNull();
    }
}

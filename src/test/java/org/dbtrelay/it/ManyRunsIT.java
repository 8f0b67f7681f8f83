package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.Deployment.bytes;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunStatus;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.emulator.World;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A thousand runs in flight in one account cost some ten requests an interval, not a thousand. */
class ManyRunsIT {

    private static final int RUNS = 1000;
    private static final long FIRST_JOB = 70403104000000L;
    private static final Duration INTERVAL = Duration.ofSeconds(5);
    private static final int ROUNDS = 4;

    /** A page holds 100 runs; one request more for what does not fall on a page's edge. */
    private static final int REQUESTS_OF_A_ROUND = RUNS / 100 + 1;

    private static final Duration LIMIT = Duration.ofMinutes(3);

    private static RelayStage stage;
    private static Deployment relay;

    @BeforeAll
    static void start() {
        World world = World.jaffleShop();
        jobs().forEach(id -> world.job(
                EmulatedJob.named("job-" + id).id(id).plan(RunPlan.succeeding().queued(Duration.ofHours(1)))));
        stage = RelayStage.of(ManyRunsIT.class, world);
        relay = stage.deployment("many-runs")
                .set("relay.poll.interval", INTERVAL.toSeconds() + "s")
                .set("relay.connections.default.requests-per-minute", "5000")
                .start();
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    @Test
    void pollingTakesAboutTenRequestsARound() throws Exception {
        long began = System.nanoTime();
        send();
        await("accepted").atMost(LIMIT).until(() -> told("command.accepted") == RUNS);
        report("accepting %d commands", began);
        await("started").atMost(LIMIT).until(() -> told("run.queued") == RUNS);
        report("accepting and triggering %d commands, at most 5,000 requests a minute", began);
        assertThat(stage.dbtCloud().runs()).hasSize(RUNS);
        assertThat(stage.dbtCloud().count(Endpoint.TRIGGER)).isEqualTo(RUNS);

        letPass(3);
        // A run that is due all alone is read alone, which costs the same; with so many that hardly ever happens.
        assertThat(assertCostOf(ROUNDS, "pk__in", REQUESTS_OF_A_ROUND)).isLessThanOrEqualTo(1);

        stage.dbtCloud().faults().always().on(Endpoint.LIST_RUNS).refuseParameter("pk__in");
        letPass(1);
        assertCostOf(ROUNDS, "an id cursor, pk__in refused", 2 * REQUESTS_OF_A_ROUND);

        List<Long> ending =
                stage.dbtCloud().runs().stream().map(RunView::id).limit(5).toList();
        ending.forEach(run -> stage.dbtCloud().finishRun(run, RunStatus.SUCCESS));
        await("ends are noticed").atMost(LIMIT).until(() -> told("run.succeeded") == ending.size());
        relay.history().assertFaultless();
    }

    /** Gives the number of runs that were read singly. */
    private static long assertCostOf(int rounds, String how, int mostOfARound) {
        long began = System.nanoTime();
        stage.dbtCloud().counters().reset();
        letPass(rounds);
        // At one moment: the next round may begin while this is counted.
        Map<Endpoint, Long> asked = stage.dbtCloud().counters().snapshot();
        double intervals = (double) (System.nanoTime() - began) / INTERVAL.toNanos();
        long lists = asked.getOrDefault(Endpoint.LIST_RUNS, 0L);
        long singles = asked.getOrDefault(Endpoint.GET_RUN, 0L);
        System.out.printf(
                "ManyRunsIT: %d runs in flight by %s: %.1f requests an interval of %s, %s%n",
                RUNS, how, (lists + singles) / intervals, INTERVAL, asked);
        // A busy machine takes longer than it should, and may have cut a round at each end.
        assertThat(lists + singles).isBetween((long) RUNS / 100, (long) ((intervals + 1) * mostOfARound));
        assertThat(asked.keySet()).as("nothing else is asked").isSubsetOf(Endpoint.LIST_RUNS, Endpoint.GET_RUN);
        return singles;
    }

    /** Time is what is measured here: so many requests in so many intervals. */
    private static void letPass(int intervals) {
        await().pollDelay(INTERVAL.multipliedBy(intervals))
                .atMost(INTERVAL.multipliedBy(intervals).plus(PATIENCE))
                .until(() -> true);
    }

    private static void send() throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = relay.clients().newProducer(Map.of("acks", "all"))) {
            List<Future<RecordMetadata>> sends = new ArrayList<>();
            jobs().forEach(id -> sends.add(producer.send(new ProducerRecord<>(
                    relay.topic("commands"), bytes(Long.toString(id)), bytes(trigger("run-" + id, id))))));
            for (Future<RecordMetadata> send : sends) {
                send.get();
            }
        }
    }

    private static LongStream jobs() {
        return LongStream.range(FIRST_JOB, FIRST_JOB + RUNS);
    }

    private static long told(String type) {
        return relay.reader().events(event -> event.type().equals(type)).size();
    }

    private static void report(String what, long began) {
        System.out.printf("ManyRunsIT: " + what + " took %.1f s%n", RUNS, (System.nanoTime() - began) / 1e9);
    }
}

package org.dbtrelay.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import jakarta.ws.rs.ProcessingException;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.budget.JobSwitches;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.flow.ServedViews;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.ledger.kafka.TopicCheck;
import org.dbtrelay.run.partition.SlotsTest;
import org.dbtrelay.run.state.RunEntry;
import org.junit.jupiter.api.Test;

/** Answers that wait for a command of this instance, or of another one. */
class CommandNewsTest {

    private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");
    private static final URI OTHER = URI.create("http://other:8080");
    private static final Duration LONG = Duration.ofSeconds(30);

    private final Map<String, RunEntry> entries = new ConcurrentHashMap<>();
    private final ServedViews served = new ServedViews(entries, NOW);
    private final List<URI> instances = new ArrayList<>();
    private final Deque<String> looks = new ArrayDeque<>();
    private final Deque<String> waits = new ArrayDeque<>();
    private final CommandNews news = news(scripted(waits));

    private CommandNews news(InstanceApi patient) {
        RelayConfig config = TestConnections.config(Map.of());
        ObjectMapper json = new ObjectMapper();
        OtherInstances others = new OtherInstances(() -> instances, scripted(looks), patient);
        Commands commands = new Commands(
                served.views(),
                others,
                TestConnections.silent(config, Clock.systemUTC()),
                new JobSwitches(),
                new TopicCheck(new KafkaSettings(Map.of(), config), Clock.systemUTC()),
                json);
        return new CommandNews(served.views(), commands, others, new Monotonic(), json);
    }

    /** Each answer once, the last one again and again; an empty one: 404, a dash: none. */
    private static InstanceApi scripted(Deque<String> answers) {
        return ScriptedInstances.answering((instance, query) -> {
            String answer = answers.size() > 1 ? answers.removeFirst() : answers.getFirst();
            if (answer.equals("-")) {
                throw new ProcessingException("frozen");
            }
            return answer.isEmpty()
                    ? Response.status(404).entity("{}").build()
                    : Response.ok(answer).type("application/json").build();
        });
    }

    private static String state(String state, int told) {
        return "{\"state\": \"%s\", \"events_told\": %d}".formatted(state, told);
    }

    private CompletableFuture<Response> ask(Duration longest, Integer after) {
        return CompletableFuture.supplyAsync(
                () -> news.await("c0", new Wait(longest, after), false), Thread::startVirtualThread);
    }

    private static CommandState told(Response answer) {
        return (CommandState) answer.getEntity();
    }

    @Test
    void answersAtTheEndOfTheCommand() {
        RunEntry entry = SlotsTest.waiting(0, 7);
        entries.put("c0", entry);
        CompletableFuture<Response> asked = ask(LONG, null);
        served.commit(SlotsTest.in(entry, SlotsTest.following(70)));
        assertThat(asked).isNotDone();

        served.commit(SlotsTest.over(entry));
        assertThat(told(asked.join()).outcome()).isEqualTo("run.succeeded");
        assertThat(told(ask(LONG, null).join()).outcome()).as("at once").isEqualTo("run.succeeded");
    }

    @Test
    void answersWhenMoreIsTold() {
        RunEntry entry = SlotsTest.waiting(0, 7);
        entries.put("c0", entry);
        assertThat(told(ask(LONG, -1).join()).eventsTold()).isEqualTo(1);

        CompletableFuture<Response> asked = ask(LONG, 0);
        served.commit(SlotsTest.in(entry, SlotsTest.following(70)));
        assertThat(told(asked.join()).eventsTold()).isEqualTo(2);
    }

    @Test
    void answersWithWhatIsWhenTheTimeIsOver() {
        entries.put("c0", SlotsTest.waiting(0, 7));

        assertThat(told(ask(Duration.ofMillis(50), null).join()).state()).isEqualTo("waiting");
        assertThat(told(ask(Duration.ZERO, null).join()).state()).isEqualTo("waiting");
    }

    @Test
    void anAskedInstanceThatLosesTheCommandSaysSo() {
        entries.put("c0", SlotsTest.waiting(0, 7));
        CompletableFuture<Response> asked = CompletableFuture.supplyAsync(
                () -> news.await("c0", new Wait(LONG, null), true), Thread::startVirtualThread);

        served.lose();
        assertThat(asked.join().getStatus()).isEqualTo(404);
    }

    @Test
    void waitsAtTheInstanceThatHasIt() {
        instances.add(OTHER);
        looks.add(state("following", 3));
        waits.add(state("following", 4));
        waits.add("-");
        waits.add(state("finished", 5));

        assertThat(ask(LONG, null).join().getEntity()).isEqualTo(state("finished", 5));
        assertThat(ask(LONG, 1).join().getEntity())
                .as("it has told more already")
                .isEqualTo(state("following", 3));
    }

    @Test
    void tellsTheLastThatItKnowsOfACommandThatMoves() {
        instances.add(OTHER);
        looks.add(state("following", 3));
        looks.add("");
        waits.add("");

        assertThat(ask(Duration.ofMillis(800), null).join().getEntity()).isEqualTo(state("following", 3));
    }

    @Test
    void aCommandOnItsWayIsWaitedForAndAnUnknownOneNot() {
        CompletableFuture<Response> asked = ask(LONG, -1);
        served.commit(SlotsTest.waiting(0, 7));
        assertThat(asked.join().getStatus()).isEqualTo(200);

        entries.clear();
        assertThat(ask(Duration.ofMillis(100), null).join().getStatus()).isEqualTo(404);
        instances.add(OTHER);
        looks.add("-");
        assertThat(ask(Duration.ofMillis(100), null).join().getStatus())
                .as("the silent one may have it")
                .isEqualTo(503);
    }

    @Test
    void aStopEndsTheWaits() throws Exception {
        entries.put("c0", SlotsTest.waiting(0, 7));
        FutureTask<Response> asked = new FutureTask<>(() -> news.await("c0", new Wait(LONG, null), false));
        Thread asks = Thread.ofPlatform().start(asked);
        await().until(() -> asks.getState() == Thread.State.TIMED_WAITING);

        news.onStop(new ShutdownDelayInitiatedEvent());

        assertThat(told(asked.get()).state()).isEqualTo("waiting");
        entries.clear();
        assertThat(ask(LONG, null).join().getStatus())
                .as("its partition may have been given up just now")
                .isEqualTo(503);
    }

    @Test
    void aStopEndsTheWaitsForNewsOfOthers() throws Exception {
        instances.add(OTHER);
        looks.add(state("following", 3));
        CountDownLatch waits = new CountDownLatch(1);
        CountDownLatch closed = new CountDownLatch(1);
        InstanceApi patient = ScriptedInstances.answering(
                (instance, query) -> {
                    waits.countDown();
                    try {
                        closed.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    throw new ProcessingException("Connection was closed");
                },
                closed::countDown);
        CommandNews stopping = news(patient);
        CompletableFuture<Response> asked = CompletableFuture.supplyAsync(
                () -> stopping.await("c0", new Wait(LONG, null), false), Thread::startVirtualThread);
        waits.await();

        stopping.onStop(new ShutdownDelayInitiatedEvent());

        assertThat(asked.join().getEntity()).isEqualTo(state("following", 3));
    }

    @Test
    void theParametersAreChecked() {
        assertThat(Wait.of(null, null)).isNull();
        assertThat(Wait.of("PT1M", "-1")).isEqualTo(new Wait(Duration.ofMinutes(1), -1));
        for (String wrong : List.of("PT61S", "-PT1S", "30s", "")) {
            assertThatThrownBy(() -> Wait.of(wrong, null))
                    .isInstanceOf(BadParameter.class)
                    .hasMessageContaining("PT60S");
        }
        for (String wrong : List.of("-2", "x", "1.5")) {
            assertThatThrownBy(() -> Wait.of("PT1S", wrong)).isInstanceOf(BadParameter.class);
        }
        assertThatThrownBy(() -> Wait.of(null, "1")).isInstanceOf(BadParameter.class);
    }
}

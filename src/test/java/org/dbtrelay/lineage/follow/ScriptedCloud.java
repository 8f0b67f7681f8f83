package org.dbtrelay.lineage.follow;

import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.ProcessingException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.connection.PatientClock;
import org.dbtrelay.dbtcloud.connection.SimConnections;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.lineage.tell.ToldRun;
import org.dbtrelay.metrics.SimMetrics;
import org.dbtrelay.sim.SimResponse;
import org.dbtrelay.testkit.HandTurnedClock;
import org.jboss.resteasy.reactive.RestResponse;

/** A dbt Cloud with one run, whose answers a test sets one by one, and the real connections to it, by a clock that waiting turns. */
final class ScriptedCloud implements SimConnections.Api {

    static final long ACCOUNT = TestConnections.ACCOUNT;
    static final long RUN = 70_403_110_257_797L;

    static final String RUN_ENDED = """
            {"id": 70403110257797, "account_id": 4238, "job_definition_id": 559062, "status": 10, "artifacts_saved": true,
             "run_steps": [
               {"index": 1, "name": "Clone git repository", "status": 10},
               {"index": 4, "name": "Invoke dbt with `dbt build`", "status": 10, "started_at": "2026-11-29 12:01:05+00:00",
                "run_step_command": {"dbt_command": "dbt build"}},
               {"index": 5, "name": "Invoke dbt with `dbt run`", "status": 10, "started_at": "2026-11-29 12:01:40+00:00",
                "run_step_command": {"dbt_command": "dbt run"}}]}""";

    static final String RUN_RUNS = RUN_ENDED.replace("559062, \"status\": 10", "559062, \"status\": 3");
    static final String RUN_WITHOUT_STEPS = RUN_ENDED.replaceAll("(?s)\"run_steps\": .*", "\"run_steps\": []}");
    static final String RUN_NOT_SAVED = RUN_ENDED.replace("\"artifacts_saved\": true", "\"artifacts_saved\": false");

    /** What comes of a request. */
    interface Answer {
        RestResponse<InputStream> give();

        static Answer of(String json) {
            return () -> SimResponse.json(200, json);
        }

        static Answer run(String run) {
            return of("{\"status\": {\"code\": 200, \"is_success\": true}, \"data\": " + run + "}");
        }

        static Answer error(int status) {
            return error(status, "no");
        }

        static Answer error(int status, String words) {
            return () -> SimResponse.error(status, words);
        }

        /** The connection breaks behind these bytes. */
        static Answer breaksOffAfter(String json) {
            return () -> SimResponse.breakingOff(json);
        }

        /** Nobody listens. */
        static Answer refused() {
            return () -> {
                throw new ProcessingException(new ConnectException("refused"));
            };
        }

        /** The thread of whoever asks is interrupted. */
        static Answer interrupted() {
            return () -> {
                Thread.currentThread().interrupt();
                throw new ProcessingException(new InterruptedException());
            };
        }
    }

    final HandTurnedClock clock = HandTurnedClock.at("2026-11-29T12:02:05Z");
    final PatientClock monotonic = new PatientClock(clock);
    final Connections connections;
    final List<String> asked = new CopyOnWriteArrayList<>();

    private final Map<String, Deque<Answer>> answers = new HashMap<>();

    ScriptedCloud() {
        this("https://ab123.us1.dbt.com:8443");
    }

    ScriptedCloud(String host) {
        RelayConfig config = TestConnections.config(Map.of(
                "relay.connections.default.host",
                host,
                "relay.connections.default.account-id",
                String.valueOf(ACCOUNT),
                "relay.connections.default.token",
                TestConnections.TOKEN,
                "relay.connections.default.requests-per-minute",
                "600000",
                // One slot: a call that does not give it back blocks the next one.
                "relay.connections.default.max-concurrent-requests",
                "1"));
        connections = new SimConnections(config, this, clock, monotonic, SimMetrics.none()).connections();
    }

    DbtCloudClient client() {
        return connections.find("default").orElseThrow();
    }

    /** The answers to whoever asks for that, one after another; the last one stays. */
    void answers(String what, Answer... inTurn) {
        synchronized (answers) {
            answers.put(what, new ArrayDeque<>(List.of(inTurn)));
        }
    }

    void run(Answer... inTurn) {
        answers("run", inTurn);
    }

    private RestResponse<InputStream> answer(String what) {
        asked.add(what);
        Answer answer;
        synchronized (answers) {
            Deque<Answer> left = answers.getOrDefault(what, new ArrayDeque<>());
            answer = left.size() > 1 ? left.remove() : left.isEmpty() ? Answer.error(404) : left.element();
        }
        return answer.give();
    }

    @Override
    public Uni<RestResponse<InputStream>> runWithSteps(long runId) {
        assertThat(runId).isEqualTo(RUN);
        return Uni.createFrom().item(() -> answer("run"));
    }

    @Override
    public Uni<RestResponse<InputStream>> artifact(long runId, String path, Integer step) {
        assertThat(runId).isEqualTo(RUN);
        assertThat(step).isPositive();
        return Uni.createFrom().item(() -> answer(path));
    }

    @Override
    public Uni<RestResponse<InputStream>> named(String kind, String nameContains) {
        return Uni.createFrom().item(() -> answer(kind));
    }

    @Override
    public Uni<RestResponse<InputStream>> connection(long connectionId) {
        return Uni.createFrom().item(() -> answer("connection " + connectionId));
    }

    @Override
    public Uni<RestResponse<InputStream>> job(long jobId) {
        throw unasked();
    }

    @Override
    public Uni<RestResponse<InputStream>> trigger(long jobId, String traceparent, SimConnections.Guarded body) {
        throw unasked();
    }

    @Override
    public Uni<RestResponse<InputStream>> retryRun(long runId, String traceparent, SimConnections.Guarded body) {
        throw unasked();
    }

    @Override
    public Uni<RestResponse<InputStream>> cancel(long runId) {
        throw unasked();
    }

    @Override
    public Uni<RestResponse<InputStream>> run(long runId, boolean withTrigger) {
        throw unasked();
    }

    @Override
    public Uni<RestResponse<InputStream>> runs(
            Long jobId, String statusIn, String pkIn, Long above, boolean withTrigger, boolean newestFirst, int limit) {
        throw unasked();
    }

    @Override
    public Uni<RestResponse<InputStream>> artifacts(long runId) {
        throw unasked();
    }

    private static AssertionError unasked() {
        return new AssertionError("lineage does not ask for it");
    }

    /** What the relay's event tells of the run. */
    static String event(String type, String status) {
        return """
                {"command_id": "orders-1", "type": "%s", "connection": "default", "account_id": 4238, "project_id": null,
             "environment_id": null, "job_id": 559062, "job_name": "Daily build", "run_id": 70403110257797, "status": "%s",
             "previous_status": "running", "created_at": "2026-11-29T12:00:00Z", "started_at": "2026-11-29T12:01:00Z",
             "finished_at": "2026-11-29T12:02:00Z", "observed_at": "2026-11-29T12:02:03Z"}""".formatted(type, status);
    }

    static String ended() {
        return event("run.succeeded", "success");
    }

    static ToldRun told(String event) {
        try {
            return ToldRun.read(event.getBytes(StandardCharsets.UTF_8), false).orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

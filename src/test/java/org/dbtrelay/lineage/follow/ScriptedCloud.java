package org.dbtrelay.lineage.follow;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.PatientClock;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.lineage.tell.ToldRun;
import org.dbtrelay.testkit.HandTurnedClock;

/** A dbt Cloud with one run, whose answers a test sets one by one, and the real connections to it, by a clock that waiting turns. */
final class ScriptedCloud implements AutoCloseable {

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

    /** An answer; {@code breaksOff}: after its first bytes the connection is closed. */
    record Answer(int status, String body, boolean breaksOff) {
        static Answer of(String data) {
            return new Answer(200, data, false);
        }

        static Answer run(String run) {
            return of("{\"status\": {\"code\": 200, \"is_success\": true}, \"data\": " + run + "}");
        }

        static Answer error(int status) {
            return error(status, "no");
        }

        static Answer error(int status, String words) {
            return new Answer(
                    status,
                    "{\"status\": {\"code\": " + status + ", \"is_success\": false, \"user_message\": \"" + words
                            + "\"}, \"data\": null}",
                    false);
        }
    }

    final HandTurnedClock clock = HandTurnedClock.at("2026-11-29T12:02:05Z");
    final PatientClock monotonic = new PatientClock(clock);
    final Connections connections;
    final List<String> asked = new CopyOnWriteArrayList<>();

    /** What happens when an answer is asked for, before it is given. */
    volatile Runnable before = () -> {};

    private final Map<String, Deque<Answer>> answers = new HashMap<>();
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    ScriptedCloud() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.start();
        connections = TestConnections.to(url(), clock, monotonic, Map.of());
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
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

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String what = path.contains("/artifacts/")
                ? path.substring(path.lastIndexOf('/') + 1)
                : path.contains("/environments") ? "environments" : "run";
        asked.add(what);
        before.run();
        Answer answer;
        synchronized (answers) {
            Deque<Answer> left = answers.getOrDefault(what, new ArrayDeque<>());
            answer = left.size() > 1 ? left.remove() : left.isEmpty() ? Answer.error(404) : left.element();
        }
        byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        exchange.sendResponseHeaders(answer.status(), answer.breaksOff() ? body.length + 100L : body.length);
        exchange.getResponseBody().write(body);
        if (answer.breaksOff()) {
            exchange.getResponseBody().flush();
            throw new IOException("the connection breaks");
        }
        exchange.close();
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

    @Override
    public void close() {
        connections.close();
        server.stop(0);
        threads.shutdownNow();
    }
}

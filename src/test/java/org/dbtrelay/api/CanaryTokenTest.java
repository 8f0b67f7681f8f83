package org.dbtrelay.api;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.connection.ConnectionState;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.emulator.DbtCloudEmulator;
import org.dbtrelay.emulator.FaultScript;
import org.dbtrelay.testkit.DescribedApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The token is in no log, no message, no {@code toString} and no answer, whatever dbt Cloud does with it. */
@QuarkusTest
@TestProfile(EmulatedDbtCloud.class)
class CanaryTokenTest {

    private static final String CANARY = EmulatedDbtCloud.TOKEN;
    private static final List<String> PATHS = List.of(
            "",
            "/projects",
            "/projects/1",
            "/projects/1/environments",
            "/projects/1/environments/1",
            "/jobs",
            "/jobs/1",
            "/jobs/lookup?project_name=a&environment_name=b&job_name=c",
            "/runs",
            "/runs/1",
            "/runs/1/retry",
            "/runs/1/artifacts");

    /** Where the relay waits and asks again, a few of them must do. */
    private static final List<String> SOME_PATHS = List.of("", "/runs");

    /** Of an artifact only a bad answer is the relay's to tell; a good one is passed on as it is. */
    private static final List<String> BAD_STATUS_PATHS = Stream.concat(
                    PATHS.stream(), Stream.of("/runs/1/artifacts/manifest.json"))
            .toList();

    private final List<String> output = new CopyOnWriteArrayList<>();
    private final Handler listener = new Handler() {
        @Override
        public void publish(LogRecord line) {
            output.add(line.getMessage() + " " + java.util.Arrays.toString(line.getParameters()));
            for (Throwable thrown = line.getThrown(); thrown != null; thrown = thrown.getCause()) {
                output.add(thrown.toString());
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };
    private final Logger root = Logger.getLogger("");

    @jakarta.inject.Inject
    Connections connections;

    private DbtCloudEmulator emulator;

    static Stream<Arguments> failures() {
        String body =
                "{\"status\":{\"user_message\":\"Token " + CANARY + "?\"},\"data\":{\"token\":\"" + CANARY + "\"}}";
        Stream<Arguments> statuses = Stream.of(400, 401, 403, 404, 407, 409, 422, 500, 503)
                .map(status -> row(
                        status + " that echoes",
                        status >= 500 ? SOME_PATHS : BAD_STATUS_PATHS,
                        it -> it.answer(status, "application/json", body, false)));
        return Stream.concat(
                statuses,
                Stream.of(
                        row("a page that echoes", SOME_PATHS, it -> it.answer(200, "text/html", "<p>" + CANARY, false)),
                        row("a type that echoes", SOME_PATHS, it -> it.answer(200, "text/" + CANARY, "<p>", false)),
                        row(
                                "a redirect that echoes",
                                SOME_PATHS,
                                it -> it.redirect(302, "https://x.invalid/?t=" + CANARY)),
                        row(
                                "broken JSON that echoes",
                                SOME_PATHS,
                                it -> it.answer(200, "application/json", "{\"" + CANARY, false)),
                        row("a reset", SOME_PATHS, FaultScript::resetBeforeCreating),
                        row("a lost answer", SOME_PATHS, FaultScript::loseAnswerBeforeCreating)));
    }

    private static Arguments row(String name, List<String> paths, Consumer<FaultScript> fault) {
        return Arguments.argumentSet(name, paths, fault);
    }

    @BeforeEach
    void listen() {
        emulator = EmulatedDbtCloud.Server.emulator;
        // Without a broker it would have the smallest share.
        connections.share(1);
        listener.setLevel(Level.ALL);
        root.addHandler(listener);
    }

    @AfterEach
    void stopListening() {
        root.removeHandler(listener);
        emulator.faults().clear();
        connections
                .names()
                .forEach(name ->
                        connections.find(name).orElseThrow().manualSuspension().release());
    }

    @ParameterizedTest
    @MethodSource("failures")
    void theTokenIsNowhere(List<String> paths, Consumer<FaultScript> fault) {
        fault.accept(emulator.faults().always());
        DbtCloudClient client = connections.find("default").orElseThrow();
        long account = emulator.accountId();
        List<Call> calls = new ArrayList<>(List.of(
                () -> ConnectionState.of(client),
                () -> client.runs().run(account, 1, Priority.POLL),
                () -> client.runs().withSteps(account, 1),
                () -> client.runs().cancel(account, 1, null),
                () -> client.jobRuns().retryRun(account, 1),
                () -> client.jobRuns().retryFailedJobRun(account, 1),
                () -> answer("/api/connections"),
                () -> answer("/api/connections/default/test")));
        paths.forEach(path -> calls.add(() -> answer("/api/connections/default/accounts/" + account + path)));
        // All at once: they wait for dbt Cloud most of the time.
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            calls.forEach(call -> threads.execute(() -> output.add(outcome(call))));
        }

        assertThat(output).hasSizeGreaterThanOrEqualTo(calls.size()).noneMatch(text -> text.contains(CANARY));
    }

    private static String outcome(Call call) {
        try {
            return String.valueOf(call.make());
        } catch (DbtCloudException e) {
            return e + " " + e.failure();
        }
    }

    private static String answer(String path) {
        var answer = given().filter(new DescribedApi())
                .header("Authorization", "Bearer " + EmulatedDbtCloud.KEY)
                .urlEncodingEnabled(false)
                .get(path);
        return answer.statusCode() + " " + answer.headers() + " " + answer.asString();
    }

    /** A call of the client. */
    private interface Call {
        Object make() throws DbtCloudException;
    }
}

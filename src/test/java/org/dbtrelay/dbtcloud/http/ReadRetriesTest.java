package org.dbtrelay.dbtcloud.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.dbtcloud.connection.AgainstWireMock.failureOf;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.connection.AgainstEmulator;
import org.dbtrelay.dbtcloud.connection.QuietQuarkus;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.dbtcloud.resources.JobFilter;
import org.dbtrelay.dbtcloud.runs.TriggerRequest;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.FaultScript;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The table of docs/http.md: what is read again, and that nothing else is sent again. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
class ReadRetriesTest extends AgainstEmulator {

    static Stream<Arguments> faults() {
        return Stream.of(
                row("connection closed without an answer", 4, FaultScript::loseAnswerBeforeCreating),
                row("connection reset", 4, FaultScript::resetBeforeCreating),
                row("408", 4, it -> it.status(408)),
                row("500", 4, it -> it.status(500)),
                row("502 with a page", 4, it -> it.htmlStatus(502)),
                row("503", 4, it -> it.status(503)),
                row("504", 4, it -> it.status(504)),
                row("200 with a page", 4, it -> it.htmlStatusAfterCreating(200)),
                row("JSON that breaks off", 4, FaultScript::garbledAfterCreating),
                row("429 for a second", 4, it -> it.tooManyRequests(Duration.ZERO, "1")),
                row("429 for five minutes", 1, it -> it.tooManyRequests(Duration.ZERO)),
                row("400", 1, it -> it.status(400)),
                row("401", 1, FaultScript::invalidToken),
                row("403", 1, it -> it.status(403)),
                row("403 for the address", 1, FaultScript::addressNotAllowed),
                row("404", 1, it -> it.status(404)),
                row("409", 1, it -> it.status(409)),
                row("redirect", 1, it -> it.redirect(302, "https://elsewhere.invalid/")));
    }

    private static Arguments row(String name, int requests, Consumer<FaultScript> fault) {
        return Arguments.argumentSet(name, requests, fault);
    }

    @ParameterizedTest
    @MethodSource("faults")
    void aReadIsSentAgainAsTheTableSays(int requests, Consumer<FaultScript> fault) {
        fault.accept(emulator.faults().always().on(Endpoint.GET_JOB));

        failureOf(() -> client.resources().getJob(account, job));

        assertThat(emulator.count(Endpoint.GET_JOB)).isEqualTo(requests);
    }

    @ParameterizedTest
    @MethodSource("faults")
    void whatChangesSomethingIsSentOnceWhateverHappens(int requests, Consumer<FaultScript> fault) {
        Endpoint[] changing = {Endpoint.TRIGGER, Endpoint.RERUN, Endpoint.RETRY, Endpoint.CANCEL};
        fault.accept(emulator.faults().always().on(changing));
        long run = inFlight(1).getFirst();

        failureOf(() ->
                client.jobRuns().triggerJobRun(new TriggerRequest(account, job, "x", null, null, null, null), false));
        failureOf(() -> client.jobRuns().retryFailedJobRun(account, job));
        failureOf(() -> client.jobRuns().retryRun(account, run));
        failureOf(() -> client.jobRuns().cancelJobRun(account, run));

        for (Endpoint endpoint : changing) {
            assertThat(emulator.count(endpoint)).as("%s", endpoint).isLessThanOrEqualTo(1);
        }
        assertThat(emulator.count(Endpoint.TRIGGER)).isEqualTo(1);
    }

    @Test
    void thePausesGrow() {
        emulator.faults().always().on(Endpoint.GET_JOB).status(503);

        failureOf(() -> client.resources().getJob(account, job));

        assertThat(monotonic.pauses())
                .containsExactly(Duration.ofMillis(250), Duration.ofMillis(500), Duration.ofSeconds(1));
    }

    @Test
    void aReadThatSucceedsInTheEndIsAnAnswer() throws DbtCloudException {
        emulator.faults().next(3).on(Endpoint.LIST_JOBS).resetBeforeCreating();

        assertThat(client.resources().listJobs(account, JobFilter.all()).toList())
                .isNotEmpty();
        assertThat(emulator.count(Endpoint.LIST_JOBS)).isEqualTo(4);
    }

    @Test
    void aConnectionThatIsRefusedIsTriedAgain() {
        connections.close();
        connections = TestConnections.to(TestConnections.nobody().toString(), clock, monotonic, java.util.Map.of());
        client = connections.find("default").orElseThrow();

        failureOf(() -> client.resources().getJob(TestConnections.ACCOUNT, job));

        assertThat(monotonic.pauses()).hasSize(3);
    }

    @Test
    void whoIsInterruptedDoesNotTryAgain() {
        emulator.faults().always().on(Endpoint.GET_JOB).status(503);
        Thread.currentThread().interrupt();
        try {
            failureOf(() -> client.resources().getJob(account, job));
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
        assertThat(monotonic.pauses()).isEqualTo(List.of());
    }
}

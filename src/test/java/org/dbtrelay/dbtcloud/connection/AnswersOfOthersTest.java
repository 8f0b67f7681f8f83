package org.dbtrelay.dbtcloud.connection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.dbtcloud.connection.TestConnections.ACCOUNT;

import io.smallrye.mutiny.Uni;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.http.DbtCloudApi;
import org.dbtrelay.dbtcloud.runs.TriggerRequest;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobLookup;
import org.dbtrelay.run.job.JobNames;
import org.dbtrelay.sim.SimResponse;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.Test;

/**
 * Something on the way, a cache or a mixed-up proxy, answers with what it has kept of another request. Whoever believed it would retry,
 * cancel or start what nobody asked for.
 */
class AnswersOfOthersTest {

    private static final String RUN_7_OF_JOB_2 =
            "{\"id\":7,\"job_id\":2,\"status\":20,\"can_retry\":true,\"trigger\":{\"cause\":\"by hand\"},"
                    + "\"created_at\":\"2026-11-29 10:00:00+00:00\"}";
    private static final String JOB_2 = "{\"id\":2,\"project_id\":3,\"environment_id\":4,\"name\":\"daily\"}";

    private final HandTurnedClock clock = HandTurnedClock.at("2026-11-29T12:00:00Z");

    @Test
    void aRetryAndACancelKnowTheRunThatTheyRead() throws Exception {
        assertThat(answering(RUN_7_OF_JOB_2).retries().of(ACCOUNT, 7).run().runId())
                .isEqualTo(7);
        assertIsUnclear(() -> answering(RUN_7_OF_JOB_2).retries().of(ACCOUNT, 5), "another run");
    }

    @Test
    void theNewestRunOfAJobIsARunOfThatJob() throws Exception {
        String list = "[" + RUN_7_OF_JOB_2 + "]";
        assertThat(answering(list).retries().ofNewest(ACCOUNT, 2)).isPresent();
        assertIsUnclear(() -> answering(list).retries().ofNewest(ACCOUNT, 9), "a run of another job");
    }

    @Test
    void aStartedRunIsOfTheJobThatWasToRun() throws Exception {
        assertThat(triggered(2)).isEqualTo(7);
        assertIsUnclear(() -> triggered(9), "a run of another job");
    }

    private long triggered(long jobId) throws Exception {
        return answering(RUN_7_OF_JOB_2)
                .jobRuns()
                .triggerJobRun(new TriggerRequest(ACCOUNT, jobId, "a test", null, null, null, null), false)
                .runId();
    }

    /** "Not found" may start a second run. */
    @Test
    void theRunsOfAnotherJobDoNotTellThatARunIsMissing() throws Exception {
        String list = "[" + RUN_7_OF_JOB_2 + "]";
        assertThat(answering(list).searches().find(ACCOUNT, 2, "[m]", 1L, Instant.EPOCH))
                .isEmpty();
        assertIsUnclear(() -> answering(list).searches().find(ACCOUNT, 9, "[m]", 1L, Instant.EPOCH), "cannot be read");
        assertIsUnclear(() -> answering(list).retries().find(ACCOUNT, 9, 5, 1), "cannot be read");
        assertIsUnclear(() -> answering(list).runs().inFlight(ACCOUNT, 9), "cannot be read");
    }

    @Test
    void aJobIsTheOneThatWasAskedFor() throws Exception {
        assertThat(answering(JOB_2).jobs().read(ACCOUNT, 2, Priority.LOOK_UP).name())
                .isEqualTo("daily");
        assertIsUnclear(() -> answering(JOB_2).jobs().read(ACCOUNT, 9, Priority.LOOK_UP), "another job");
        assertIsUnclear(() -> answering(JOB_2).resources().getJob(ACCOUNT, 9), "another job");
    }

    /** As a list that does not look at its filters. */
    @Test
    void aJobThatIsFoundByNamesIsOfItsEnvironment() throws Exception {
        JobNames daily = new JobNames("daily", "daily", "daily");
        String ofItself = "[{\"id\":2,\"project_id\":2,\"environment_id\":2,\"name\":\"daily\"}]";
        assertThat(answering(ofItself).jobs().lookUp(ACCOUNT, daily)).isInstanceOf(JobLookup.Found.class);
        assertIsUnclear(
                () -> answering("[" + JOB_2 + "]").jobs().lookUp(ACCOUNT, daily), "a job of another environment");
    }

    @Test
    void soIsWhateverAPersonReads() {
        assertIsUnclear(() -> answering(RUN_7_OF_JOB_2).jobRuns().getJobRun(ACCOUNT, 5, List.of()), "another run");
        assertIsUnclear(() -> answering(JOB_2).resources().getAccount(ACCOUNT), "another account");
        assertIsUnclear(() -> answering(JOB_2).resources().getProject(ACCOUNT, 9), "another project");
        assertIsUnclear(() -> answering(JOB_2).resources().getEnvironment(ACCOUNT, 9, 9), "another environment");
    }

    private static void assertIsUnclear(ThrowingCallable call, String words) {
        CallFailure failure = AgainstWireMock.failureOf(call);
        assertThat(failure).isInstanceOf(CallFailure.Unclear.class);
        assertThat(failure.detail()).contains(words);
    }

    /** Every question gets this answer. */
    private DbtCloudClient answering(String data) {
        DbtCloudApi api = (DbtCloudApi) Proxy.newProxyInstance(
                DbtCloudApi.class.getClassLoader(),
                new Class<?>[] {DbtCloudApi.class},
                (proxy, method, arguments) ->
                        Uni.createFrom().item(SimResponse.json(200, AgainstWireMock.envelope(data))));
        Monotonic monotonic = new PatientClock(clock);
        RelayConfig config = TestConnections.config(Map.of(
                "relay.connections.default.host",
                "https://ab123.us1.dbt.com",
                "relay.connections.default.account-id",
                String.valueOf(ACCOUNT),
                "relay.connections.default.token",
                TestConnections.TOKEN,
                "relay.connections.default.requests-per-minute",
                "600000"));
        return new Connections(config, new FixedClients(api, monotonic), clock, monotonic)
                .find("default")
                .orElseThrow();
    }
}

package org.dbtrelay.dbtcloud.runs;

import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.getRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathEqualTo;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathMatching;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.connection.AgainstWireMock;
import org.dbtrelay.dbtcloud.connection.PatientClock;
import org.dbtrelay.dbtcloud.connection.QuietQuarkus;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.dbtcloud.http.BoundedStream;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.Test;

/** "Not found" may start a second run, so it is said only when it is sure. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
class CauseSearchOddAnswersTest extends AgainstWireMock {

    private static final String RUNS = "/api/v2/accounts/" + ACCOUNT + "/runs/";
    private static final String WITHOUT_TRIGGER = "{\"id\":9,\"job_id\":2,\"status\":1,\"trigger\":null}";

    private java.util.Optional<RunSnapshot> find() throws DbtCloudException {
        return client.searches().find(ACCOUNT, 2, "[m]", 5L, Instant.parse("2020-01-01T00:00:00Z"));
    }

    @Test
    void aRunWithoutCauseIsReadByItself() throws DbtCloudException {
        server.stubFor(get(urlPathEqualTo(RUNS)).willReturn(okJson(envelope("[" + WITHOUT_TRIGGER + "]"))));
        server.stubFor(get(urlPathEqualTo(RUNS + "9/"))
                .willReturn(okJson(
                        envelope("{\"id\":9,\"job_id\":2,\"status\":1,\"trigger\":{\"cause\":\"[m] because\"}}"))));

        assertThat(find().map(RunSnapshot::runId)).contains(9L);
        assertThat(requests()).isEqualTo(2);
    }

    @Test
    void aCauseThatCannotBeHadIsUnclear() {
        server.stubFor(get(urlPathEqualTo(RUNS)).willReturn(okJson(envelope("[" + WITHOUT_TRIGGER + "]"))));
        server.stubFor(get(urlPathEqualTo(RUNS + "9/")).willReturn(okJson(envelope(WITHOUT_TRIGGER))));

        assertThat(failureOf(this::find)).isInstanceOf(CallFailure.Unclear.class);
    }

    private static final String OTHER = "{\"id\":8,\"job_id\":2,\"status\":1,\"trigger\":{\"cause\":\"nightly\"}}";

    @Test
    void aRunWhoseTriggerHasNoCauseIsNotOurs() throws DbtCloudException {
        server.stubFor(get(urlPathEqualTo(RUNS))
                .willReturn(okJson(envelope("[{\"id\":9,\"job_id\":2,\"status\":1,\"trigger\":{\"cause\":null}}]"))));

        assertThat(find()).isEmpty();
        assertThat(requests()).isEqualTo(1);
    }

    @Test
    void aTriggerThatIsNeverToldHoldsUpNoSearchForEver() throws DbtCloudException {
        HandTurnedClock clock = HandTurnedClock.at("2026-11-22T10:00:00Z");
        PatientClock time = new PatientClock(clock);
        client = TestConnections.to(server.baseUrl(), clock, time, Map.of())
                .find("default")
                .orElseThrow();
        server.stubFor(
                get(urlPathEqualTo(RUNS)).willReturn(okJson(envelope("[" + WITHOUT_TRIGGER + "," + OTHER + "]"))));
        server.stubFor(get(urlPathEqualTo(RUNS + "9/")).willReturn(okJson(envelope(WITHOUT_TRIGGER))));

        assertThat(failureOf(this::find)).isInstanceOf(CallFailure.Unclear.class);
        clock.advance(MissingTriggers.PATIENCE.minusSeconds(1));
        assertThat(failureOf(this::find)).isInstanceOf(CallFailure.Unclear.class);
        clock.advance(Duration.ofSeconds(1));
        assertThat(find()).isEmpty();
        assertThat(requests()).isEqualTo(5);

        // Where no trigger at all is told, ours would not be, either.
        server.stubFor(get(urlPathEqualTo(RUNS)).willReturn(okJson(envelope("[" + WITHOUT_TRIGGER + "]"))));
        assertThat(failureOf(this::find)).isInstanceOf(CallFailure.Unclear.class);
    }

    @Test
    void oneSearchReadsAFewRunsByThemselves() {
        String page = IntStream.range(0, 100)
                .mapToObj(i -> "{\"id\":" + (1000 - i) + ",\"job_id\":2,\"status\":1}")
                .collect(Collectors.joining(",", "[", "]"));
        server.stubFor(get(urlPathEqualTo(RUNS))
                .willReturn(okJson("{\"data\":" + page + ",\"extra\":{\"pagination\":{\"total_count\":100}}}")));
        for (int id = 901; id <= 1000; id++) {
            server.stubFor(get(urlPathEqualTo(RUNS + id + "/"))
                    .willReturn(okJson(
                            envelope("{\"id\":" + id + ",\"job_id\":2,\"status\":1,\"trigger\":{\"cause\":\"x\"}}"))));
        }

        assertThat(failureOf(this::find)).isInstanceOf(CallFailure.Unclear.class);
        assertThat(server.findAll(getRequestedFor(urlPathMatching(RUNS + "[0-9]+/"))))
                .hasSize(MissingTriggers.MOST_READS);
    }

    @Test
    void aCauseThatOnlyQuotesTheMarkerIsAnothers() throws DbtCloudException {
        server.stubFor(get(urlPathEqualTo(RUNS))
                .willReturn(okJson(
                        envelope("[{\"id\":9,\"job_id\":2,\"status\":1,\"trigger\":{\"cause\":\"again: [m] x\"}}]"))));

        assertThat(find()).isEmpty();
    }

    @Test
    void oddFieldsOfAnybodysRunStopNoSearch() throws DbtCloudException {
        server.stubFor(get(urlPathEqualTo(RUNS))
                .willReturn(okJson(envelope("[{\"id\":9,\"job_id\":2,\"status\":1,\"status_message\":{},\"job\":[],"
                        + "\"trigger\":{\"cause\":\"[m] x\"}}]"))));

        assertThat(find().map(RunSnapshot::runId)).contains(9L);
        assertThat(client.runs().inFlight(ACCOUNT, 2))
                .extracting(RunSnapshot::runId)
                .containsExactly(9L);
    }

    /** {@code debug_logs} can have any size: held whole, and read four times, it took the memory of everybody. */
    @Test
    void anAnswerThatIsTooLargeIsRefusedAndNotAskedForAgain() {
        client = client(Map.of("read-timeout", "60s"));
        String large = envelope("{\"id\":9,\"job_id\":2,\"status\":10,\"debug_logs\":\""
                + "x".repeat(BoundedStream.LARGEST_ANSWER) + "\"}");
        server.stubFor(get(urlPathEqualTo(RUNS + "9/")).willReturn(okJson(large)));
        server.stubFor(get(urlPathEqualTo(RUNS)).willReturn(okJson(large)));

        assertThat(failureOf(() -> client.jobRuns().getJobRun(ACCOUNT, 9, List.of("debug_logs"))))
                .isInstanceOfSatisfying(
                        CallFailure.Refused.class,
                        refused -> assertThat(refused.detail()).contains("16 MiB"));
        assertThat(failureOf(() -> client.jobRuns()
                        .listJobRuns(ACCOUNT, JobRunFilter.all())
                        .toList()))
                .isInstanceOf(CallFailure.Refused.class);
        assertThat(requests()).isEqualTo(2);
    }

    @Test
    void aRowThatCannotBeReadIsUnclear() {
        server.stubFor(get(urlPathEqualTo(RUNS)).willReturn(okJson(envelope("[{\"id\":\"x\"}]"))));

        assertThat(failureOf(this::find)).isInstanceOf(CallFailure.Unclear.class);
    }

    /** Else a command that wants to be alone at its job would start beside a run. */
    @Test
    void aRunInFlightThatCannotBeReadIsUnclear() {
        server.stubFor(get(urlPathEqualTo(RUNS)).willReturn(okJson(envelope("[{\"id\":\"x\"}]"))));

        assertThat(failureOf(() -> client.runs().inFlight(ACCOUNT, 2))).isInstanceOf(CallFailure.Unclear.class);
    }

    @Test
    void aSweepEndsWhereRunsTellNoTime() throws DbtCloudException {
        String page = IntStream.range(0, 100)
                .mapToObj(
                        i -> "{\"id\":" + (1000 - i) + ",\"job_id\":2,\"status\":1,\"trigger\":{\"cause\":\"[m] x\"}}")
                .collect(Collectors.joining(",", "[", "]"));
        server.stubFor(get(urlPathEqualTo(RUNS)).willReturn(okJson(envelope(page))));
        List<RunSnapshot> found = new ArrayList<>();

        client.searches().each(ACCOUNT, "[m]", Instant.parse("2020-01-01T00:00:00Z"), found::addAll);

        assertThat(found).hasSize(100);
        assertThat(requests()).isEqualTo(1);
    }

    @Test
    void runsBelowTheBoundNeedNoCause() throws DbtCloudException {
        server.stubFor(
                get(urlPathEqualTo(RUNS))
                        .willReturn(
                                okJson(
                                        envelope(
                                                "[{\"id\":4,\"job_id\":2,\"status\":10,\"trigger\":null,\"created_at\":\"2001-01-01T00:00:00Z\"}]"))));

        assertThat(find()).isEmpty();
        assertThat(requests()).isEqualTo(1);
    }
}

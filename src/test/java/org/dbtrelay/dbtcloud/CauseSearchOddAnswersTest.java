package org.dbtrelay.dbtcloud;

import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathEqualTo;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.dbtrelay.run.CallFailure;
import org.dbtrelay.run.RunSnapshot;
import org.junit.jupiter.api.Test;

/** "Not found" may start a second run, so it is said only when it is sure. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
class CauseSearchOddAnswersTest extends AgainstWireMock {

    private static final String RUNS = "/api/v2/accounts/" + ACCOUNT + "/runs/";
    private static final String WITHOUT_TRIGGER = "{\"id\":9,\"job_id\":2,\"status\":1,\"trigger\":null}";

    private java.util.Optional<RunSnapshot> find() throws DbtCloudException {
        return client.findByCause(ACCOUNT, 2, "[m]", 5L, Instant.parse("2020-01-01T00:00:00Z"));
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

    @Test
    void aRowThatCannotBeReadIsUnclear() {
        server.stubFor(get(urlPathEqualTo(RUNS)).willReturn(okJson(envelope("[{\"id\":\"x\"}]"))));

        assertThat(failureOf(this::find)).isInstanceOf(CallFailure.Unclear.class);
    }

    /** Else a command that wants to be alone at its job would start beside a run. */
    @Test
    void aRunInFlightThatCannotBeReadIsUnclear() {
        server.stubFor(get(urlPathEqualTo(RUNS)).willReturn(okJson(envelope("[{\"id\":\"x\"}]"))));

        assertThat(failureOf(() -> client.runsInFlight(ACCOUNT, 2))).isInstanceOf(CallFailure.Unclear.class);
    }

    @Test
    void aSweepEndsWhereRunsTellNoTime() throws DbtCloudException {
        String page = IntStream.range(0, 100)
                .mapToObj(
                        i -> "{\"id\":" + (1000 - i) + ",\"job_id\":2,\"status\":1,\"trigger\":{\"cause\":\"[m] x\"}}")
                .collect(Collectors.joining(",", "[", "]"));
        server.stubFor(get(urlPathEqualTo(RUNS)).willReturn(okJson(envelope(page))));
        List<RunSnapshot> found = new ArrayList<>();

        client.runsWithCause(ACCOUNT, "[m]", Instant.parse("2020-01-01T00:00:00Z"), found::addAll);

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

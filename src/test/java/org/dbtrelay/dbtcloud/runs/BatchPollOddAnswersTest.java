package org.dbtrelay.dbtcloud.runs;

import static com.github.tomakehurst.wiremock.client.WireMock.absent;
import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.matching;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathEqualTo;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.util.List;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.connection.AgainstWireMock;
import org.dbtrelay.dbtcloud.connection.QuietQuarkus;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.RunSnapshot;
import org.junit.jupiter.api.Test;

@QuarkusTest
@TestProfile(QuietQuarkus.class)
class BatchPollOddAnswersTest extends AgainstWireMock {

    private static final String RUNS = "/api/v2/accounts/" + ACCOUNT + "/runs/";

    @Test
    void aFilterThatIsIgnoredCountsAsRefused() throws DbtCloudException {
        server.stubFor(get(urlPathEqualTo(RUNS))
                .withQueryParam("pk__in", matching(".*"))
                .willReturn(okJson(envelope("[{\"id\":1,\"job_id\":2,\"status\":10}]"))));
        server.stubFor(get(urlPathEqualTo(RUNS))
                .withQueryParam("pk__in", absent())
                .willReturn(okJson(
                        envelope("[{\"id\":8,\"job_id\":2,\"status\":3},{\"id\":9,\"job_id\":2,\"status\":3}]"))));

        PollResult answer = client.polls().runs(ACCOUNT, List.of(8L, 9L));

        assertThat(answer.seen().stream().map(RunSnapshot::runId)).containsExactly(8L, 9L);
        assertThat(requests()).isEqualTo(2);
    }

    @Test
    void aRowThatCannotBeReadDoesNotHideTheOthers() throws DbtCloudException {
        server.stubFor(get(urlPathEqualTo(RUNS))
                .willReturn(okJson(envelope(
                        "[{\"id\":7,\"job_id\":2,\"status\":3},{\"id\":8,\"job_id\":2,\"status\":\"new words\"}]"))));
        server.stubFor(get(urlPathEqualTo(RUNS + "8/"))
                .willReturn(okJson(envelope("{\"id\":8,\"job_id\":2,\"status\":\"new words\"}"))));

        PollResult answer = client.polls().runs(ACCOUNT, List.of(7L, 8L));

        assertThat(answer.seen().stream().map(RunSnapshot::runId)).containsExactly(7L);
        assertThat(answer.missing()).isEmpty();
        assertThat(answer.failure()).containsInstanceOf(CallFailure.Unclear.class);
    }

    @Test
    void aListThatIsNoListIsUnclear() {
        server.stubFor(get(urlPathEqualTo(RUNS)).willReturn(okJson(envelope("null"))));

        assertThat(failureOf(() -> client.polls().runs(ACCOUNT, List.of(7L, 8L))))
                .isInstanceOf(CallFailure.Unclear.class);
        assertThat(requests()).isEqualTo(1);
    }
}

package org.dbtrelay.dbtcloud.runs;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.any;
import static com.github.tomakehurst.wiremock.client.WireMock.anyUrl;
import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.post;
import static com.github.tomakehurst.wiremock.client.WireMock.urlEqualTo;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.tomakehurst.wiremock.http.Fault;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.util.Map;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.connection.AgainstWireMock;
import org.dbtrelay.dbtcloud.connection.QuietQuarkus;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.dbtcloud.http.ArtifactBody;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobDetails;
import org.dbtrelay.run.job.JobRunStatus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Reads: paths, shapes, failures. One slot is all there is, so each call also shows that the one before gave it back. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
class ReadsTest extends AgainstWireMock {

    private static final String BASE = "/api/v2/accounts/" + ACCOUNT;
    private static final String RUN = envelope("{\"id\":70403110257794,\"job_id\":2,\"status\":10}");

    @Test
    void aRunIsReadWithoutAnythingRelated() throws DbtCloudException {
        server.stubFor(get(urlEqualTo(BASE + "/runs/70403110257794/")).willReturn(okJson(RUN)));

        assertThat(client.runs()
                        .run(ACCOUNT, 70403110257794L, Priority.FINAL_READ)
                        .status())
                .isEqualTo(JobRunStatus.Known.SUCCESS);
        assertThat(requests()).isEqualTo(1);
    }

    /** As a cache on the way may answer: what it says is of another run. */
    @Test
    void theAnswerOfAnotherRunIsUnclear() {
        server.stubFor(any(anyUrl()).willReturn(okJson(RUN)));

        assertThat(failureOf(() -> client.runs().run(ACCOUNT, 70403110257795L, Priority.FINAL_READ)))
                .isInstanceOf(CallFailure.Unclear.class);
        assertThat(failureOf(() -> client.runs().withSteps(ACCOUNT, 70403110257795L)))
                .isInstanceOf(CallFailure.Unclear.class);
        assertThat(failureOf(() -> client.runs().cancel(ACCOUNT, 70403110257795L, null)))
                .isInstanceOf(CallFailure.Unclear.class);
    }

    @Test
    void aJobIsRead() throws DbtCloudException {
        server.stubFor(get(urlEqualTo(BASE + "/jobs/5/"))
                .willReturn(okJson(envelope(
                        "{\"id\":5,\"account_id\":4238,\"project_id\":6,\"environment_id\":7,\"name\":\"n\"}"))));

        assertThat(client.jobs().read(ACCOUNT, 5, Priority.LOOK_UP))
                .isEqualTo(new JobDetails(5, ACCOUNT, 6, 7, "n", false, false, null));
    }

    @Test
    void aRunIsCancelled() throws DbtCloudException {
        server.stubFor(post(urlEqualTo(BASE + "/runs/9/cancel/"))
                .willReturn(okJson(envelope("{\"id\":9,\"job_id\":2,\"status\":30}"))));

        assertThat(client.runs().cancel(ACCOUNT, 9, null).status()).isEqualTo(JobRunStatus.Known.CANCELLED);
        assertThat(requests()).isEqualTo(1);
    }

    @Test
    void stepsWithMegabytesOfLogAreCutWhileTheyComeIn() throws DbtCloudException {
        String log = "0123456789\\n".repeat(2_000_000) + "the end\\n";
        server.stubFor(get(urlEqualTo(BASE + "/runs/9/?include_related=trigger%2Cjob%2Caudit%2Crun_steps"))
                .willReturn(okJson(envelope("{\"id\":9,\"job_id\":2,\"status\":20,\"job\":{\"name\":\"daily\"},"
                        + "\"run_steps\":[{\"index\":1,\"name\":\"Invoke dbt\",\"status\":20,\"logs\":\"" + log
                        + "\",\"debug_logs\":\"" + log + "\"}]}"))));
        client = client(Map.of("read-timeout", "30s"));

        RunWithSteps run = client.runs().withSteps(ACCOUNT, 9);

        assertThat(run.run().jobName()).isEqualTo("daily");
        assertThat(run.steps()).hasSize(1);
        assertThat(run.steps().getFirst().logTail())
                .hasSizeBetween(4000, 4096)
                .startsWith("0123456789\n")
                .endsWith("the end\n");
    }

    @Test
    void aRunWithoutArtifactsHasNone() throws DbtCloudException {
        server.stubFor(get(urlEqualTo(BASE + "/runs/9/artifacts/")).willReturn(okJson(envelope("null"))));
        assertThat(client.artifactsOnce().listJobRunArtifacts(ACCOUNT, 9)).isEmpty();

        server.stubFor(get(urlEqualTo(BASE + "/runs/9/artifacts/"))
                .willReturn(okJson(envelope("[\"manifest.json\",\"compiled/a/b.sql\"]"))));
        assertThat(client.artifactsOnce().listJobRunArtifacts(ACCOUNT, 9))
                .containsExactly("manifest.json", "compiled/a/b.sql");
    }

    /** A page of a proxy with a status of 200; the file of a run's documentation is a page itself. */
    @Test
    void aPageIsNoArtifactOfJson() throws Exception {
        server.stubFor(any(anyUrl())
                .willReturn(aResponse()
                        .withHeader("Content-Type", "text/html; charset=utf-8")
                        .withBody("<html>")));

        assertThat(failureOf(() -> client.artifactsOnce().getJobRunArtifact(ACCOUNT, 1, "catalog.json", 2)))
                .isInstanceOfSatisfying(
                        CallFailure.Unclear.class,
                        unclear -> assertThat(unclear.detail()).contains("page"));
        try (ArtifactBody body = client.artifactsOnce().getJobRunArtifact(ACCOUNT, 1, "index.html", 2)) {
            assertThat(body.stream().readAllBytes()).hasSize(6);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "400, Refused",
        "401, Suspended",
        "403, Refused",
        "404, NotFound",
        "408, Unclear",
        "422, Refused",
        "301, Refused",
        "500, Unclear",
        "502, Unclear"
    })
    void aBadStatusMeansTheSameForEveryRead(int status, String kind) {
        server.stubFor(any(anyUrl())
                .willReturn(aResponse().withStatus(status).withBody("<html>" + "x".repeat(200_000) + "</html>")));

        assertThat(failureOf(() -> client.runs().run(ACCOUNT, 1, Priority.POLL))
                        .getClass()
                        .getSimpleName())
                .isEqualTo(kind);
        assertThat(failureOf(() -> client.runs().withSteps(ACCOUNT, 1))
                        .getClass()
                        .getSimpleName())
                .isEqualTo(kind);
        assertThat(failureOf(() -> client.artifactsOnce().getJobRunArtifact(ACCOUNT, 1, "manifest.json", null))
                        .getClass()
                        .getSimpleName())
                .isEqualTo(kind);
        assertThat(failureOf(() -> client.artifactsOnce().listJobRunArtifacts(ACCOUNT, 1))
                        .getClass()
                        .getSimpleName())
                .isEqualTo(kind);
        assertThat(failureOf(() -> client.runs().cancel(ACCOUNT, 1, null))
                        .getClass()
                        .getSimpleName())
                .isEqualTo(kind);
        assertThat(failureOf(() -> client.jobs().read(ACCOUNT, 1, Priority.LOOK_UP))
                        .getClass()
                        .getSimpleName())
                .isEqualTo(kind);
        // A refused cancel may mean that the run has ended, so the run is looked at.
        boolean looks = kind.equals("Refused") && status >= 400;
        assertThat(requests()).isEqualTo(looks ? 7 : 6);
    }

    @ParameterizedTest
    @EnumSource(Fault.class)
    void aBrokenConnectionIsUnclearForEveryRead(Fault fault) {
        server.stubFor(any(anyUrl()).willReturn(aResponse().withFault(fault)));

        assertThat(failureOf(() -> client.runs().run(ACCOUNT, 1, Priority.POLL)))
                .isInstanceOf(CallFailure.Unclear.class);
        assertThat(failureOf(() -> client.runs().withSteps(ACCOUNT, 1))).isInstanceOf(CallFailure.Unclear.class);
        assertThat(failureOf(() -> client.jobs().read(ACCOUNT, 1, Priority.LOOK_UP)))
                .isInstanceOf(CallFailure.Unclear.class);
        assertThat(requests()).isEqualTo(3);
    }

    @Test
    void aConnectionThatIsRefusedIsNotSent() {
        client = TestConnections.client(TestConnections.nobody().toString(), Map.of());

        assertThat(failureOf(() -> client.runs().run(ACCOUNT, 1, Priority.POLL)))
                .isInstanceOf(CallFailure.NotSent.class);
        assertThat(failureOf(() -> client.runs().withSteps(ACCOUNT, 1))).isInstanceOf(CallFailure.NotSent.class);
        assertThat(failureOf(() -> client.runs().cancel(ACCOUNT, 1, null))).isInstanceOf(CallFailure.NotSent.class);
    }

    @Test
    void aLateAnswerIsUnclear() {
        client = client(Map.of("read-timeout", "2s"));
        server.stubFor(any(anyUrl()).willReturn(okJson(RUN).withFixedDelay(10_000)));

        assertThat(failureOf(() -> client.runs().run(ACCOUNT, 1, Priority.POLL)))
                .isInstanceOf(CallFailure.Unclear.class);
        assertThat(failureOf(() -> client.runs().withSteps(ACCOUNT, 1))).isInstanceOf(CallFailure.Unclear.class);
        assertThat(failureOf(() -> client.runs().cancel(ACCOUNT, 1, null))).isInstanceOf(CallFailure.Unclear.class);
    }

    @Test
    void a429OfAStreamCoolsDownToo() {
        server.stubFor(any(anyUrl()).willReturn(aResponse().withStatus(429)));

        assertThat(failureOf(() -> client.artifactsOnce().getJobRunArtifact(ACCOUNT, 1, "manifest.json", null)))
                .isInstanceOf(CallFailure.Limited.class);
        assertThat(failureOf(() -> client.artifactsOnce().listJobRunArtifacts(ACCOUNT, 1)))
                .isInstanceOf(CallFailure.Limited.class);
        assertThat(requests()).isEqualTo(1);
    }
}

package org.dbtrelay.dbtcloud.connection;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.any;
import static com.github.tomakehurst.wiremock.client.WireMock.anyUrl;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobRunStatus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Answers that somebody on the way has packed although nobody asked for it. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
class PackedAnswersTest extends AgainstWireMock {

    // Unpacking is looked at here, not time.
    private static final Map<String, String> PATIENT = Map.of("read-timeout", "1m");

    private static final String RUN = envelope("{\"id\":9,\"job_id\":2,\"status\":10}");

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "deflate", "identity"})
    void anAnswerIsUnpacked(String encoding) throws Exception {
        answer(200, encoding, RUN);

        assertThat(client.runs().run(ACCOUNT, 9, Priority.FINAL_READ).status()).isEqualTo(JobRunStatus.Known.SUCCESS);
        assertThat(client.runs().withSteps(ACCOUNT, 9).run().runId()).isEqualTo(9);
    }

    @ParameterizedTest
    @CsvSource({"401, gzip, Suspended", "404, deflate, NotFound", "400, gzip, Refused"})
    void aRefusalIsUnderstood(int status, String encoding, String kind) throws Exception {
        answer(status, encoding, error(status, "The words of dbt Cloud.", "null"));

        CallFailure failure = failureOf(() -> client.runs().run(ACCOUNT, 9, Priority.FINAL_READ));

        assertThat(failure.getClass().getSimpleName()).isEqualTo(kind);
        assertThat(failure.detail()).contains("The words of dbt Cloud.");
    }

    @Test
    void anAnswerThatIsHugeOnceUnpackedIsNotRead() throws Exception {
        answer(200, "gzip", envelope("\"" + "x".repeat(17 * 1024 * 1024) + "\""));

        assertThat(failureOf(() -> client.runs().run(ACCOUNT, 9, Priority.FINAL_READ))
                        .detail())
                .contains("more than 16 MiB");
    }

    @Test
    void anEncodingThatIsNotKnownIsNamed() throws Exception {
        answer(200, "br", RUN);

        assertThat(failureOf(() -> client.runs().run(ACCOUNT, 9, Priority.FINAL_READ)))
                .isInstanceOf(CallFailure.Unclear.class)
                .satisfies(failure -> assertThat(failure.detail()).contains("Content-Encoding 'br'", "not asked for"));
        assertThat(failureOf(() -> client.artifacts().getJobRunArtifact(ACCOUNT, 9, "manifest.json", null)))
                .satisfies(failure -> assertThat(failure.detail()).contains("Content-Encoding 'br'"));
        assertThat(failureOf(() -> client.runs().cancel(ACCOUNT, 9, null)))
                .as("what came of it nobody knows")
                .isInstanceOf(CallFailure.Unclear.class);
    }

    private void answer(int status, String encoding, String text) throws IOException {
        client = client(PATIENT);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = switch (encoding) {
            case "gzip" -> new GZIPOutputStream(bytes);
            case "deflate" -> new DeflaterOutputStream(bytes);
            default -> bytes;
        }) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
        server.stubFor(any(anyUrl())
                .willReturn(aResponse()
                        .withStatus(status)
                        .withHeader("Content-Type", "application/json")
                        .withHeader("Content-Encoding", encoding)
                        .withBody(bytes.toByteArray())));
    }
}

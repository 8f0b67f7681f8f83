package org.dbtrelay.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpRequest;
import java.time.Duration;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files behind presigned URLs of another server. */
class DbtCloudEmulatorStorageTest {
    private final HandTurnedClock clock = HandTurnedClock.at("2026-11-22T10:00:00Z");
    private DbtCloudEmulator emulator;
    private EmulatorClient client;
    private long run;

    @BeforeEach
    void start() {
        emulator = DbtCloudEmulator.builder().clock(clock).storage(0).start();
        client = new EmulatorClient(emulator);
        long job = emulator.world().jobNamed("Broken build").id();
        emulator.planNextRun(job, RunPlan.failing("dbt build", "it broke").instantly());
        run = emulator.triggerByOther(job, "why").id();
        clock.advance(Duration.ofMinutes(1));
    }

    @AfterEach
    void stop() {
        client.close();
        emulator.close();
    }

    private String redirected(String path) {
        EmulatorClient.Reply reply = client.get(path);
        assertThat(reply.status()).isEqualTo(302);
        String location = reply.response().headers().firstValue("Location").orElseThrow();
        assertThat(location).startsWith(emulator.storageUrl()).contains("X-Amz-Signature=", "X-Amz-Expires=900");
        assertThat(emulator.storageUrl()).isNotEqualTo(emulator.baseUrl());
        return location;
    }

    private EmulatorClient.Reply stored(String location) {
        return client.send(HttpRequest.newBuilder(URI.create(location)).timeout(Duration.ofSeconds(20)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"runs/%d/artifacts/manifest.json", "runs/%d/artifacts/run_results.json?step=4"})
    void artifactsAreElsewhere(String path) {
        assertThat(stored(redirected(path.formatted(run))).json().has("metadata"))
                .isTrue();
    }

    @Test
    void logsOfStepsAreElsewhere() {
        EmulatorClient.Reply reply = stored(redirected("runs/" + run + "/?include_related=job,run_steps"));
        long step = reply.data().path("run_steps").path(3).path("id").asLong();
        assertThat(reply.data().path("run_steps").path(3).path("logs").asText()).contains("it broke");
        assertThat(stored(redirected("steps/" + step + "/")).data().path("id").asLong())
                .isEqualTo(step);
    }

    @Test
    void allElseIsAnsweredAsEver() {
        assertThat(client.get("runs/" + run + "/?include_related=job").status()).isEqualTo(200);
        assertThat(client.get("runs/" + run + "/artifacts/").status()).isEqualTo(200);
        assertThat(client.get("runs/" + run + "/artifacts/no_such.json").status())
                .isEqualTo(404);
        assertThat(emulator.headersToStorage()).isEmpty();
    }

    @Test
    void aUrlIsValidForAQuarterOfAnHourAndTakesNoToken() {
        String location = redirected("runs/" + run + "/artifacts/manifest.json");
        assertThat(client.send(HttpRequest.newBuilder(URI.create(location))
                                .timeout(Duration.ofSeconds(20))
                                .header("Authorization", "Token " + emulator.token()))
                        .status())
                .isEqualTo(400);
        assertThat(stored(location + "0").status()).isEqualTo(403);
        assertThat(emulator.headersToStorage())
                .hasSize(2)
                .first()
                .satisfies(headers -> assertThat(headers).containsKey("authorization"));
        clock.advance(Storage.VALID.minusSeconds(1));
        assertThat(stored(location).status()).isEqualTo(200);
        clock.advance(Duration.ofSeconds(1));
        assertThat(stored(location).status()).isEqualTo(403);
    }
}

package org.dbtrelay.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The emulator driven over HTTP from another process, and its description. */
class DbtCloudEmulatorControlTest {
    private DbtCloudEmulator emulator;
    private EmulatorClient client;
    private long job;

    @BeforeEach
    void start() {
        emulator = DbtCloudEmulator.start();
        client = new EmulatorClient(emulator);
        job = emulator.world().jobNamed("Daily build").id();
    }

    @AfterEach
    void stop() {
        client.close();
        emulator.close();
    }

    private EmulatorClient.Reply control(String method, String path, String body) {
        return client.send(HttpRequest.newBuilder(emulator.baseUri().resolve("/emulator/" + path))
                .method(method, HttpRequest.BodyPublishers.ofString(body)));
    }

    @Test
    void faultsAreSetAndClearedOverHttp() {
        EmulatorClient.Reply set = control(
                "POST",
                "faults",
                "{\"fault\":\"html_status_after_creating\",\"status\":502,\"endpoint\":\"TRIGGER\",\"count\":1,\"job_id\":"
                        + job + "}");
        assertThat(set.body()).isEqualTo("{\"in_force\":1}");
        assertThat(client.trigger(job, "over http").status()).isEqualTo(502);
        assertThat(client.trigger(job, "next").status()).isEqualTo(200);
        JsonNode runs = control("GET", "runs?cause=over", "").json();
        assertThat(runs).hasSize(1);
        assertThat(runs.get(0).path("trigger").path("cause").asText()).isEqualTo("over http");

        control(
                "POST",
                "faults",
                "{\"fault\":\"too_many_requests\",\"lock_out\":\"PT5M\",\"endpoint\":[\"LIST_RUNS\"]}");
        assertThat(client.get("runs/").status()).isEqualTo(429);
        control("DELETE", "faults", "");
        assertThat(client.get("runs/").status()).isEqualTo(200);
        assertThat(control("POST", "faults", "{\"fault\":\"none\"}").status()).isEqualTo(400);
        assertThat(control("POST", "faults", "{\"fault\":\"status\",\"endpoint\":\"NOWHERE\"}")
                        .status())
                .isEqualTo(400);
        assertThat(control("GET", "nothing", "").status()).isEqualTo(404);
    }

    @Test
    void clockRunsAndCountersAreDrivenOverHttp() {
        control(
                "POST",
                "jobs/" + job + "/next-run",
                "{\"running\":\"PT10M\",\"failing_step\":\"dbt build\",\"failure_message\":\"no disk\"}");
        long id = client.trigger(job, "x").data().path("id").asLong();
        control("POST", "clock/advance", "{\"by\":\"PT9M\"}");
        assertThat(client.run(id).path("status").asInt()).isEqualTo(3);
        control("POST", "clock/advance", "{\"by\":\"PT2M\"}");
        assertThat(client.run(id).path("status").asInt()).isEqualTo(20);
        assertThat(emulator.clock().instant())
                .isAfter(java.time.Clock.systemUTC().instant().plus(Duration.ofMinutes(10)));

        long second = client.trigger(job, "y").data().path("id").asLong();
        control("POST", "runs/" + second + "/status", "{\"status\":30,\"message\":\"No resources\"}");
        assertThat(client.run(second).path("status_message").asText()).isEqualTo("No resources");
        assertThat(control("POST", "jobs/" + job + "/seed", "{\"count\":3}").json())
                .hasSize(3);
        assertThat(control("GET", "counters", "").json().toString()).isEqualTo("{\"TRIGGER\":2,\"GET_RUN\":3}");
        assertThat(control("GET", "requests", "").json()).hasSize(5);
        assertThat(control("DELETE", "counters", "").json()).isEmpty();
        assertThat(control("GET", "world", "").json().path("accounts").get(0).path("jobs"))
                .hasSize(7);
        control("POST", "tokens", "{\"revoke\":\"" + emulator.token() + "\"}");
        assertThat(client.get("jobs/").status()).isEqualTo(401);
    }

    @Test
    void theWorldIsDescribedForPeople() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        EmulatorMain.describe(emulator, true, new PrintStream(out, true, StandardCharsets.UTF_8));
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains(emulator.baseUrl(), emulator.token(), "Daily build", "deactivated", "Finance", "Staging");
    }
}

package org.dbtrelay.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.smallrye.mutiny.Uni;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.connection.SimConnections;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.metrics.SimMetrics;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunEnd;
import org.dbtrelay.sim.SimResponse;
import org.dbtrelay.testkit.HandTurnedClock;
import org.jboss.resteasy.reactive.RestResponse;
import org.junit.jupiter.api.Test;

/** A {@code run_results.json} that comes in fast enough and does not end would hold a request slot for good. */
class EndlessResultsTest {

    private static final String ENDED = """
            {"status": {"code": 200, "is_success": true}, "data":
              {"id": 70403110257794, "job_definition_id": 559062, "status": 20, "started_at": "2026-11-29 12:00:00+00:00",
               "run_steps": [{"index": 4, "name": "Invoke dbt with `dbt build`", "status": 20, "logs": "no such column",
                 "started_at": "2026-11-29 12:00:05+00:00", "run_step_command": {"dbt_command": "dbt build"}}]}}""";

    private long sent;

    @Test
    void theFailureIsToldWithoutItsNodes() {
        RunEnd end = assertTimeoutPreemptively(
                Duration.ofSeconds(60), () -> new FailureReader().read(client(), Runs.ended(JobRunStatus.Known.ERROR)));

        assertThat(end.failure().step().index()).isEqualTo(4);
        assertThat(end.missing()).contains(RunEnd.Part.NODES);
        assertThat(sent).isLessThan(1024L * 1024 * 1024);
    }

    private DbtCloudClient client() {
        SimConnections.Api api = (SimConnections.Api) Proxy.newProxyInstance(
                SimConnections.Api.class.getClassLoader(),
                new Class<?>[] {SimConnections.Api.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "runWithSteps" -> Uni.createFrom().item(SimResponse.json(200, ENDED));
                    case "artifact" ->
                        Uni.createFrom()
                                .item(RestResponse.ResponseBuilder.ok(endless()).build());
                    default -> throw new UnsupportedOperationException(method.getName());
                });
        HandTurnedClock clock = HandTurnedClock.at("2026-11-29T12:02:05Z");
        return new SimConnections(
                        TestConnections.config(Map.of(
                                "relay.connections.default.host", "https://ab123.us1.dbt.com",
                                "relay.connections.default.account-id", "4238",
                                "relay.connections.default.token", TestConnections.TOKEN)),
                        api,
                        clock,
                        new Monotonic(),
                        SimMetrics.none())
                .connections()
                .find("default")
                .orElseThrow();
    }

    private InputStream endless() {
        return new SequenceInputStream(
                new ByteArrayInputStream("{\"results\": [".getBytes(StandardCharsets.UTF_8)), new InputStream() {
                    @Override
                    public int read() {
                        sent++;
                        return ' ';
                    }

                    @Override
                    public int read(byte[] into, int offset, int length) {
                        Arrays.fill(into, offset, offset + length, (byte) ' ');
                        sent += length;
                        return length;
                    }
                });
    }
}

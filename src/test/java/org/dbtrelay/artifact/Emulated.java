package org.dbtrelay.artifact;

import io.quarkus.runtime.ApplicationConfig;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.runs.RunWithSteps;
import org.dbtrelay.emulator.DbtCloudEmulator;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.testkit.HandTurnedClock;

/** An emulator whose clock is turned by hand, and the real client to it. */
final class Emulated implements AutoCloseable {

    static final String SUCCEEDING = "Build with docs";
    static final String FAILING = "Broken build";
    static final String TIMING_OUT = "Ledger build";

    final DbtCloudEmulator emulator;
    final DbtCloudClient client;

    private Emulated(DbtCloudEmulator.Builder builder) {
        emulator = builder.clock(HandTurnedClock.at("2026-11-22T10:00:00Z")).start();
        client = client(emulator.baseUrl(), emulator.accountId(), emulator.token());
    }

    static Emulated start() {
        return new Emulated(DbtCloudEmulator.builder());
    }

    /** Files and logs are at presigned URLs of another server. */
    static Emulated withStorage() {
        return new Emulated(DbtCloudEmulator.builder().storage(0));
    }

    /** A client with short time-outs. */
    static DbtCloudClient client(String host, long accountId, String token) {
        RelayConfig config = Configured.of(Map.of(
                "relay.connections.default.host",
                host,
                "relay.connections.default.account-id",
                String.valueOf(accountId),
                "relay.connections.default.token",
                token,
                "relay.connections.default.connect-timeout",
                "1s",
                "relay.connections.default.read-timeout",
                "5s",
                "relay.connections.default.requests-per-minute",
                "600000"));
        return new Connections(config, application(), Clock.systemUTC(), new Monotonic())
                .find("default")
                .orElseThrow();
    }

    /** A collector that keeps files. */
    static ArtifactCollector storingIn(Path directory, Map<String, String> more) {
        Map<String, String> properties = new HashMap<>(more);
        properties.put("relay.artifacts.store", "file");
        properties.put("relay.artifacts.directory", directory.toString());
        return new ArtifactCollector(Configured.of(properties), Clock.systemUTC());
    }

    /** A collector that keeps nothing. */
    static ArtifactCollector keepingNothing() {
        return new ArtifactCollector(Configured.of(Map.of()), Clock.systemUTC());
    }

    /** A run of that job that has just ended. */
    RunWithSteps ended(String job, RunPlan plan) throws DbtCloudException {
        long jobId = emulator.world().jobNamed(job).id();
        emulator.planNextRun(jobId, plan.instantly());
        long id = emulator.triggerByOther(jobId, "a test").id();
        emulator.advance(Duration.ofSeconds(1));
        return read(id);
    }

    /** A run of that job whose steps take a few seconds each, just after its end. */
    RunWithSteps endedSlowly(String job, RunPlan plan) throws DbtCloudException {
        long jobId = emulator.world().jobNamed(job).id();
        emulator.planNextRun(jobId, plan.taking(Duration.ZERO, Duration.ZERO, Duration.ofSeconds(60)));
        long id = emulator.triggerByOther(jobId, "a test").id();
        emulator.advance(Duration.ofSeconds(61));
        return read(id);
    }

    /** A run of that job as the job plans it, an hour after its start. */
    RunWithSteps ended(String job) throws DbtCloudException {
        long id = emulator.triggerByOther(emulator.world().jobNamed(job).id(), "a test")
                .id();
        emulator.advance(Duration.ofHours(1));
        return read(id);
    }

    private RunWithSteps read(long id) throws DbtCloudException {
        RunWithSteps run = client.runs().withSteps(emulator.accountId(), id);
        emulator.counters().reset();
        return run;
    }

    private static ApplicationConfig application() {
        return new ApplicationConfig() {
            @Override
            public Optional<String> name() {
                return Optional.of("dbt-cloud-relay");
            }

            @Override
            public Optional<String> version() {
                return Optional.of("1.2.3");
            }

            @Override
            public Optional<String> uiHeader() {
                return Optional.empty();
            }
        };
    }

    @Override
    public void close() {
        emulator.close();
    }
}

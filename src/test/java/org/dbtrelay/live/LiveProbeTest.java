package org.dbtrelay.live;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.dbtrelay.dbtcloud.connection.PatientClock;
import org.dbtrelay.emulator.DbtCloudEmulator;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.RunStatus;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The probe against the emulator: nobody here has an account of dbt Cloud. */
@Timeout(120)
class LiveProbeTest {

    private final HandTurnedClock clock = HandTurnedClock.at("2026-11-22T10:00:00Z");
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
    private DbtCloudEmulator emulator;
    private long job;

    @BeforeEach
    void start() {
        emulator = DbtCloudEmulator.builder().clock(clock).start();
        job = emulator.world().jobNamed("Slow build").id();
    }

    @AfterEach
    void stop() {
        emulator.close();
    }

    private LiveProbe probe(long ofJob, String token) {
        return new LiveProbe(
                URI.create(emulator.baseUrl()),
                emulator.accountId(),
                ofJob,
                token,
                clock,
                new PatientClock(clock),
                new PrintStream(printed, true, StandardCharsets.UTF_8));
    }

    @Test
    void measuresEverythingAndLeavesNothingBehind() {
        LiveProbe probe = probe(job, emulator.token());

        assertThat(probe.run(2)).isTrue();

        assertThat(probe.findings())
                .containsEntry("job", "type other, state 1, deactivated false")
                .containsEntry("pk__in.json-array", "works")
                .containsEntry("visibility.list.1", "shown 2000 ms after the trigger's answer")
                .containsKeys(
                        "trigger.1",
                        "clock.created-at.2",
                        "visibility.get.2",
                        "cancel.2",
                        "pk__in.comma-list",
                        "pk__in.repeated-keys",
                        "requests");
        assertThat(probe.findings().get("over-long-cause")).startsWith("500 ");
        assertThat(probe.findings().get("cancel-of-ended-run")).contains("status 30");
        assertThat(probe.findings().get("refused-retry")).startsWith("400 ");
        assertThat(probe.findings().get("artifacts.list")).contains("200 ");
        assertThat(probe.findings().get("artifacts.absent")).startsWith("404 ");
        assertThat(probe.findings().get("suggestion")).startsWith("relay.ledger.visibility-lag=60s ");
        assertThat(emulator.runsOfJob(job)).hasSize(2).allMatch(RunView::isFinal);
        assertThat(printed.toString(StandardCharsets.UTF_8)).doesNotContain(emulator.token());
        assertThat(emulator.counters().total()).isEqualTo(probe.requests()).isLessThan(40);
        assertThat(emulator.counters().within(Duration.ofSeconds(60))).isLessThanOrEqualTo(60);
    }

    @Test
    void aLongLagMakesALongSuggestion() {
        emulator.faults().next(1).on(Endpoint.TRIGGER).hideRunFromLists(Duration.ofSeconds(40));
        LiveProbe probe = probe(job, emulator.token());

        assertThat(probe.run(1)).isTrue();

        assertThat(probe.findings().get("suggestion")).matches("relay\\.ledger\\.visibility-lag=1[67]0s .*");
    }

    @Test
    void aRunThatNoListShowsIsNotWaitedForForEver() {
        emulator.faults().next(1).on(Endpoint.TRIGGER).hideRun(Duration.ofHours(1), Duration.ofHours(1));
        LiveProbe probe = probe(job, emulator.token());

        probe.run(1);

        assertThat(probe.findings().get("visibility.list.1")).isEqualTo("not shown in PT3M");
        assertThat(probe.findings().get("visibility.get.1")).isEqualTo("not known in PT3M");
        assertThat(emulator.runsOfJob(job)).hasSize(1).allMatch(RunView::isFinal);
    }

    @Test
    void a429EndsItAtOnce() {
        emulator.faults().next(1).on(Endpoint.LIST_RUNS).tooManyRequests(Duration.ZERO, "77");
        LiveProbe probe = probe(job, emulator.token());

        assertThat(probe.run(3)).isFalse();

        assertThat(probe.findings().get("stopped")).contains("429", "Retry-After: 77");
        assertThat(probe.findings()).doesNotContainKey("suggestion");
        // A cancellation of a run that has begun takes dbt Cloud a moment; the run would take two minutes.
        clock.advance(Duration.ofSeconds(20));
        assertThat(emulator.runsOfJob(job)).hasSize(1).allMatch(run -> run.status() == RunStatus.CANCELLED);
    }

    @Test
    void aBadTokenAndAJobThatCannotBeTriggeredAreSaid() {
        LiveProbe denied = probe(job, "dbtc_another");
        assertThat(denied.run(1)).isFalse();
        assertThat(denied.findings().get("stopped")).contains("401").doesNotContain("dbtc_another");

        LiveProbe retired = probe(emulator.world().jobNamed("Retired build").id(), emulator.token());
        assertThat(retired.run(1)).isFalse();
        assertThat(retired.findings())
                .containsEntry("job", "type other, state 1, deactivated true")
                .hasEntrySatisfying(
                        "stopped", why -> assertThat(why).contains("the trigger is refused", "deactivated"));
    }

    @Test
    void aTokenGoesOverTlsOrToThisMachine() {
        assertThat(LiveProbe.isAllowed("https://ab123.us1.dbt.com")).isTrue();
        assertThat(LiveProbe.isAllowed("http://127.0.0.1:8580")).isTrue();
        assertThat(LiveProbe.isAllowed("http://ab123.us1.dbt.com")).isFalse();
        assertThat(LiveProbe.isAllowed("http://127.0.0.1.example.com")).isFalse();
    }
}

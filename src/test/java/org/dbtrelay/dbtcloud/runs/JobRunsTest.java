package org.dbtrelay.dbtcloud.runs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.dbtrelay.dbtcloud.connection.AgainstWireMock.failureOf;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.ManualSuspension;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.connection.AgainstEmulator;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.QuietQuarkus;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunSnapshot;
import org.junit.jupiter.api.Test;

/** Runs on behalf of a program: listed, read, started, waited for. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
class JobRunsTest extends AgainstEmulator {

    private static final Set<JobRunStatus> SUCCESS = Set.of(JobRunStatus.Known.SUCCESS);

    private long named(String name) {
        return emulator.world().jobNamed(name).id();
    }

    private List<Long> ids(JobRunFilter filter) throws DbtCloudException {
        return client.jobRuns().listJobRuns(account, filter).toList().stream()
                .map(JobRun::id)
                .toList();
    }

    private TriggerRequest request(String jobName) {
        return new TriggerRequest(account, named(jobName), "by a program", null, null, null, null);
    }

    @Test
    void everyFilterNarrowsTheList() throws DbtCloudException {
        assertThat(ids(JobRunFilter.all())).isEmpty();
        long daily = emulator.triggerByOther(named("Daily build"), "a").id();
        clock.advance(Duration.ofMinutes(10));
        Instant later = clock.instant();
        long broken = emulator.triggerByOther(named("Broken build"), "b").id();
        clock.advance(Duration.ofMinutes(10));
        long slow = emulator.triggerByOther(job, "c").id();
        long finance = emulator.triggerByOther(named("Ledger build"), "d").id();

        assertThat(ids(JobRunFilter.all())).containsExactly(daily, broken, slow, finance);
        assertThat(ids(JobRunFilter.all().orderBy("-id"))).containsExactly(finance, slow, broken, daily);
        assertThat(ids(JobRunFilter.all().orderBy("-created_at")))
                .startsWith(slow)
                .endsWith(daily);
        assertThat(ids(JobRunFilter.all().job(job))).containsExactly(slow);
        assertThat(ids(JobRunFilter.all().statusIn(Set.of(JobRunStatus.Known.SUCCESS, JobRunStatus.Known.ERROR))))
                .containsExactly(daily, broken);
        assertThat(ids(JobRunFilter.all().createdBetween(later, clock.instant())))
                .containsExactly(broken, slow, finance);
        assertThat(ids(JobRunFilter.all().finishedBetween(later, clock.instant())))
                .containsExactly(broken);
        assertThat(ids(JobRunFilter.all().idGreaterThan(broken))).containsExactly(slow, finance);
        assertThat(ids(JobRunFilter.all().ids(List.of(daily, slow)))).containsExactly(daily, slow);
        long project = emulator.world().jobNamed("Ledger build").projectId();
        long environment = emulator.world().jobNamed("Ledger build").environmentId();
        assertThat(ids(JobRunFilter.all().project(project))).containsExactly(finance);
        assertThat(ids(JobRunFilter.all().environment(environment))).containsExactly(finance);
        assertThat(ids(JobRunFilter.all().parameter("status", "20"))).containsExactly(broken);
        assertThat(client.jobRuns()
                        .listJobRuns(account, JobRunFilter.all().job(job).include(List.of("trigger", "job")))
                        .toList())
                .singleElement()
                .satisfies(run -> assertThat(run.snapshot().triggerCause()).isEqualTo("c"))
                .satisfies(run -> assertThat(run.snapshot().jobName()).isEqualTo("Slow build"));
        assertThatThrownBy(() -> JobRunFilter.all().parameter("offset", "3"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aBadFilterIsRefusedNamingTheParameter() {
        assertThat(failureOf(() -> ids(JobRunFilter.all().parameter("created_at__gte", "x"))))
                .isInstanceOfSatisfying(
                        CallFailure.Refused.class,
                        refused -> assertThat(refused.field()).isEqualTo("created_at__gte"));
        assertThat(failureOf(() -> ids(JobRunFilter.all().orderBy("colour"))))
                .isInstanceOfSatisfying(
                        CallFailure.Refused.class,
                        refused -> assertThat(refused.field()).isEqualTo("order_by"));
    }

    @Test
    void manyRunsAreReadAlongTheirIdsWhateverComesMeanwhile() throws DbtCloudException {
        List<Long> seeded = emulator.seedRuns(job, 250);
        Iterator<JobRun> oldestFirst = client.jobRuns()
                .listJobRuns(account, JobRunFilter.all().idGreaterThan(seeded.getFirst()))
                .iterator();
        List<Long> read = new ArrayList<>();
        while (oldestFirst.hasNext()) {
            read.add(oldestFirst.next().id());
            if (read.size() == 50) {
                emulator.seedOlderRuns(job, 30);
            }
        }
        assertThat(read).isEqualTo(seeded.subList(1, 250));
        assertThat(lists()).isEqualTo(3);
        assertThat(emulator.counters().requests().getLast().query()).doesNotContainKey("offset");

        Iterator<JobRun> newestFirst = client.jobRuns()
                .listJobRuns(account, JobRunFilter.all().orderBy("-id"))
                .limit(200)
                .iterator();
        read.clear();
        while (newestFirst.hasNext()) {
            read.add(newestFirst.next().id());
            if (read.size() == 50) {
                emulator.seedRuns(job, 30);
            }
        }
        assertThat(read).isEqualTo(seeded.subList(50, 250).reversed());
    }

    @Test
    void aRunWithWhatIsAskedFor() throws DbtCloudException {
        RunView run = emulator.triggerByOther(named("Broken build"), "x");
        clock.advance(Duration.ofMinutes(1));

        JobRun plain = client.jobRuns().getJobRun(account, run.id(), List.of());
        JobRun full = client.jobRuns().getJobRun(account, run.id(), List.of("run_steps", "trigger", "environment"));

        assertThat(plain.ref()).isEqualTo(new JobRunRef(account, run.id()));
        assertThat(plain.status()).isEqualTo(JobRunStatus.Known.ERROR);
        assertThat(plain.canRetry()).isTrue();
        assertThat(plain.json().path("run_steps")).isEmpty();
        assertThat(full.json().path("run_steps")).isNotEmpty();
        assertThat(full.json().path("environment").path("name").asText()).isEqualTo("Production");
        assertThat(client.jobRuns().getJobRunStatus(account, run.id())).isEqualTo(JobRunStatus.Known.ERROR);
        emulator.showStatus(run.id(), 77);
        assertThat(client.jobRuns().getJobRunStatus(account, run.id())).isEqualTo(new JobRunStatus.Unknown(77));
        assertThat(failureOf(() -> client.jobRuns().getJobRunStatus(account, 1)))
                .isInstanceOf(CallFailure.NotFound.class);
    }

    @Test
    void whatARetryWouldBeginWith() throws DbtCloudException {
        RunView run = emulator.triggerByOther(named("Broken build"), "x");
        assertThat(failureOf(() -> client.jobRuns().retryDetails(account, run.id())))
                .isInstanceOf(CallFailure.NotFound.class);
        clock.advance(Duration.ofMinutes(1));

        assertThat(client.jobRuns().retryDetails(account, run.id()).failedStep())
                .isEqualTo("dbt build");
    }

    // starting

    @Test
    void aTriggerIsSentOnceWithACauseThatFits() throws DbtCloudException {
        TriggerRequest longCause =
                new TriggerRequest(account, named("Daily build"), "x".repeat(300), null, null, null, null);

        RunSnapshot run = client.jobRuns().triggerJobRun(longCause, false);

        assertThat(emulator.run(run.runId()).orElseThrow().cause()).hasSize(255);
        emulator.faults().always().on(Endpoint.TRIGGER).htmlStatusAfterCreating(502);
        assertThat(failureOf(() -> client.jobRuns().triggerJobRun(request("Daily build"), false)))
                .isInstanceOf(CallFailure.Unclear.class);
        assertThat(emulator.count(Endpoint.TRIGGER)).isEqualTo(2);
    }

    @Test
    void retryFromFailureRetriesTheNewestRunOnlyIfItFailed() throws DbtCloudException {
        assertThat(client.jobRuns().triggerJobRun(request("Broken build"), true).retryingRunId())
                .as("there was no run")
                .isNull();
        clock.advance(Duration.ofMinutes(1));
        long failed = emulator.runsOfJob(named("Broken build")).getLast().id();
        TriggerRequest overriding =
                new TriggerRequest(account, named("Broken build"), "x", List.of("dbt test"), null, null, null);

        assertThat(failureOf(() -> client.jobRuns().triggerJobRun(overriding, true)))
                .isInstanceOfSatisfying(
                        CallFailure.Refused.class,
                        refused -> assertThat(refused.field()).isEqualTo("steps_override"));
        assertThat(client.jobRuns().triggerJobRun(request("Broken build"), true).retryingRunId())
                .isEqualTo(failed);
        assertThat(client.jobRuns().triggerJobRun(overriding, true).retryingRunId())
                .as("the newest one is queued")
                .isNull();
        emulator.seedRuns(named("Daily build"), 1);
        assertThat(client.jobRuns().triggerJobRun(request("Daily build"), true).retryingRunId())
                .as("the newest one succeeded")
                .isNull();
    }

    @Test
    void retryAndCancel() throws DbtCloudException {
        RunView failed = emulator.triggerByOther(named("Broken build"), "x");
        clock.advance(Duration.ofMinutes(1));

        RunSnapshot retry = client.jobRuns().retryFailedJobRun(account, failed.jobId());

        assertThat(retry.retryingRunId()).isEqualTo(failed.id());
        assertThat(client.jobRuns().cancelJobRun(account, retry.runId()).status())
                .isEqualTo(JobRunStatus.Known.CANCELLED);
        assertThat(client.jobRuns().cancelJobRun(account, retry.runId()).status())
                .isEqualTo(JobRunStatus.Known.CANCELLED);
    }

    @Test
    void aSuspendedConnectionStartsNothingAndGoesOnReadingAndCancelling() throws DbtCloudException {
        long run = inFlight(1).getFirst();
        client.manualSuspension().hold(new ManualSuspension.Switched(clock.instant(), "ops", "a test"));

        var waiting = client.starts().reserve(account, Priority.TRIGGER);
        assertThat(waiting).isNotDone();
        assertThat(client.manualSuspension().switched()).isPresent();
        assertThat(failureOf(() -> client.jobRuns().triggerJobRun(request("Daily build"), false)))
                .isInstanceOf(CallFailure.NotSent.class);
        assertThat(emulator.count(Endpoint.TRIGGER)).isZero();
        assertThat(client.jobRuns().getJobRunStatus(account, run)).isNotNull();
        assertThat(client.jobRuns().cancelJobRun(account, run)).isNotNull();

        client.manualSuspension().release();
        assertThat(waiting).succeedsWithin(Duration.ofSeconds(30));
        waiting.join().close();
        assertThat(client.manualSuspension().switched()).isEmpty();
    }

    // waiting

    @Test
    void waitingEndsWithTheExpectedStatus() throws Exception {
        RunView run = emulator.triggerByOther(job, "x");

        RunSnapshot seen = client.jobRuns()
                .waitForJobRunStatus(
                        new JobRunRef(account, run.id()), SUCCESS, Duration.ofSeconds(10), Duration.ofHours(1));

        assertThat(seen.status()).isEqualTo(JobRunStatus.Known.SUCCESS);
        assertThat(monotonic.pauses()).hasSize(13).containsOnly(Duration.ofSeconds(10));
    }

    @Test
    void waitingEndsWhenTheRunEndsOtherwise() {
        RunView run = emulator.triggerByOther(named("Broken build"), "x");

        DbtCloudJobRunException e = catchThrowableOfType(
                DbtCloudJobRunException.class,
                () -> client.jobRuns()
                        .waitForJobRunStatus(
                                new JobRunRef(account, run.id()), SUCCESS, Duration.ofSeconds(1), Duration.ofHours(1)));

        assertThat(e.timedOut()).isFalse();
        assertThat(e.run().status()).isEqualTo(JobRunStatus.Known.ERROR);
        assertThat(e.failedStep()).contains("dbt build");
        assertThat(e)
                .hasMessageContainingAll(
                        "error", "success", "dbt build", e.run().url());
    }

    @Test
    void theLastPollIsAtTheDeadline() {
        emulator.planNextRun(job, RunPlan.unending());
        RunView run = emulator.triggerByOther(job, "x");

        DbtCloudJobRunException e = catchThrowableOfType(
                DbtCloudJobRunException.class,
                () -> client.jobRuns()
                        .waitForJobRunStatus(
                                new JobRunRef(account, run.id()),
                                SUCCESS,
                                Duration.ofSeconds(60),
                                Duration.ofSeconds(90)));

        assertThat(e.timedOut()).isTrue();
        assertThat(e.run().status()).isEqualTo(JobRunStatus.Known.RUNNING);
        assertThat(e).hasMessageContainingAll("running", "PT1M30S");
        assertThat(monotonic.pauses()).containsExactly(Duration.ofSeconds(60), Duration.ofSeconds(30));
        assertThat(gets()).isEqualTo(3);
    }

    @Test
    void waitingCanBeInterrupted() throws InterruptedException {
        emulator.planNextRun(job, RunPlan.unending());
        RunView run = emulator.triggerByOther(job, "x");
        Connections waitingReally = TestConnections.to(
                emulator.baseUrl(),
                clock,
                java.util.Map.of("account-id", String.valueOf(account), "token", emulator.token()));
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread waiter = Thread.startVirtualThread(() ->
                thrown.set(org.assertj.core.api.Assertions.catchThrowable(() -> waitingReally
                        .find("default")
                        .orElseThrow()
                        .jobRuns()
                        .waitForJobRunStatus(
                                new JobRunRef(account, run.id()), SUCCESS, Duration.ofHours(1), Duration.ofHours(2)))));
        org.awaitility.Awaitility.await().until(() -> gets() == 1);

        waiter.interrupt();
        waiter.join();

        assertThat(thrown.get())
                .satisfiesAnyOf(
                        e -> assertThat(e).isInstanceOf(InterruptedException.class),
                        e -> assertThat(e).isInstanceOf(DbtCloudException.class));
        waitingReally.close();
    }
}

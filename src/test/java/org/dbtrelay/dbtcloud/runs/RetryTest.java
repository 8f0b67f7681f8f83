package org.dbtrelay.dbtcloud.runs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.dbtrelay.dbtcloud.connection.AgainstWireMock.failureOf;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.budget.RequestBudget.Permit;
import org.dbtrelay.dbtcloud.connection.AgainstEmulator;
import org.dbtrelay.dbtcloud.connection.QuietQuarkus;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.FaultScript;
import org.dbtrelay.emulator.ReceivedRequest;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunSnapshot;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Retrying a run and rerunning a job: they start a run, so what holds for a trigger holds for them. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
class RetryTest extends AgainstEmulator {

    private static final String TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    private long broken;

    @BeforeEach
    void findJob() {
        broken = emulator.world().jobNamed("Broken build").id();
    }

    /** Both ways to start a retry. */
    enum Way {
        RETRY(Endpoint.RETRY) {
            @Override
            RunSnapshot start(RetryTest test, RunView failed, BooleanSupplier stillAllowed) throws DbtCloudException {
                return test.client
                        .starts()
                        .retryRun(test.account, failed.id(), TRACEPARENT, test.permit(), stillAllowed);
            }
        },
        RERUN(Endpoint.RERUN) {
            @Override
            RunSnapshot start(RetryTest test, RunView failed, BooleanSupplier stillAllowed) throws DbtCloudException {
                return test.client
                        .starts()
                        .rerunJob(test.account, failed.jobId(), TRACEPARENT, test.permit(), stillAllowed);
            }
        };

        final Endpoint endpoint;

        Way(Endpoint endpoint) {
            this.endpoint = endpoint;
        }

        abstract RunSnapshot start(RetryTest test, RunView failed, BooleanSupplier stillAllowed)
                throws DbtCloudException;

        RunSnapshot start(RetryTest test, RunView failed) throws DbtCloudException {
            return start(test, failed, () -> true);
        }
    }

    static Stream<Way> ways() {
        return Stream.of(Way.values());
    }

    private Permit permit() {
        client.calls().suspension(account).resume();
        return client.starts().reserve(account, Priority.TRIGGER).join();
    }

    private RunView failedRun() {
        RunView run = emulator.triggerByOther(broken, "nightly");
        clock.advance(Duration.ofMinutes(1));
        return run;
    }

    @ParameterizedTest
    @MethodSource("ways")
    void aFailedRunIsResumed(Way way) throws DbtCloudException {
        RunView failed = failedRun();

        RunSnapshot run = way.start(this, failed);

        assertThat(run.runId()).isGreaterThan(failed.id());
        assertThat(run.jobId()).isEqualTo(broken);
        assertThat(run.retryingRunId()).isEqualTo(failed.id());
        assertThat(run.status()).isEqualTo(JobRunStatus.Known.QUEUED);
        assertThat(client.starts().newest().known(account)).isEqualTo(run.runId());
        assertThat(emulator.runsOfJob(broken)).hasSize(2);
        ReceivedRequest request = emulator.counters().requests().getLast();
        assertThat(request.headers())
                .containsEntry("traceparent", TRACEPARENT)
                .containsEntry("connection", "close")
                .containsEntry("content-length", "0");
    }

    @Test
    void aJobWhoseNewestRunSucceededIsRerunFromItsBeginning() throws DbtCloudException {
        long daily = emulator.world().jobNamed("Daily build").id();
        emulator.seedRuns(daily, 1);

        RunSnapshot run = client.starts().rerunJob(account, daily, null, permit(), () -> true);

        assertThat(run.retryingRunId()).isNull();
        assertThat(emulator.runsOfJob(daily)).hasSize(2);
        assertThat(emulator.counters().requests().getLast().headers()).doesNotContainKey("traceparent");
    }

    @Test
    void aRunThatSucceededIsNotRetried() {
        long daily = emulator.world().jobNamed("Daily build").id();
        long succeeded = emulator.seedRuns(daily, 1).getFirst();

        CallFailure failure = failureOf(() -> client.starts().retryRun(account, succeeded, null, permit(), () -> true));

        assertThat(failure).isInstanceOf(CallFailure.Refused.class);
        assertThat(failure.detail()).contains("RETRY_NOT_FAILED_RUN");
        assertThat(emulator.runsOfJob(daily)).hasSize(1);
    }

    @Test
    void whatIsNotThereIsNotFound() {
        assertThat(failureOf(() -> client.starts().retryRun(account, 1, null, permit(), () -> true)))
                .isInstanceOf(CallFailure.NotFound.class);
        assertThat(failureOf(() -> client.starts().rerunJob(account, 1, null, permit(), () -> true)))
                .isInstanceOf(CallFailure.NotFound.class);
        assertThat(failureOf(() -> client.retries().of(account, 1))).isInstanceOf(CallFailure.NotFound.class);
    }

    @ParameterizedTest
    @MethodSource("ways")
    void afterTheSendWindowNothingIsSent(Way way) {
        RunView failed = failedRun();

        assertThat(failureOf(() -> way.start(this, failed, () -> false))).isInstanceOf(CallFailure.NotSent.class);

        assertThat(emulator.count(way.endpoint)).isZero();
        assertThat(emulator.runsOfJob(broken)).hasSize(1);
    }

    @ParameterizedTest
    @MethodSource("ways")
    void aPermitIsForOneRequest(Way way) throws DbtCloudException {
        RunView failed = failedRun();
        Permit spent = permit();
        spent.close();

        assertThatThrownBy(() -> client.starts().retryRun(account, failed.id(), null, spent, () -> true))
                .isInstanceOf(IllegalArgumentException.class);
        way.start(this, failed);

        // One slot was taken by each and given back: all eight are there.
        List<Permit> all = Stream.generate(this::permit).limit(7).toList();
        all.forEach(Permit::close);
        assertThat(emulator.count(way.endpoint)).isEqualTo(1);
    }

    static Stream<Arguments> unclearFates() {
        return Stream.of(Way.values())
                .flatMap(way -> Stream.of(
                        unclear(way, "lost answer", FaultScript::loseAnswerAfterCreating),
                        unclear(way, "reset", FaultScript::resetAfterCreating),
                        unclear(way, "never", FaultScript::neverAnswerAfterCreating),
                        unclear(way, "500", faults -> faults.statusAfterCreating(500)),
                        unclear(way, "502 page", faults -> faults.htmlStatusAfterCreating(502)),
                        unclear(way, "200 page", faults -> faults.htmlStatusAfterCreating(200)),
                        unclear(way, "empty", FaultScript::emptyAfterCreating),
                        unclear(way, "garbled", FaultScript::garbledAfterCreating)));
    }

    private static Arguments unclear(Way way, String name, java.util.function.Consumer<FaultScript> fault) {
        return Arguments.argumentSet(way + " " + name, way, fault);
    }

    @ParameterizedTest
    @MethodSource("unclearFates")
    void aStartThatMayHaveMadeARunIsUnclearIsNotRepeatedAndCanBeFound(
            Way way, java.util.function.Consumer<FaultScript> fault) throws DbtCloudException {
        RunView failed = failedRun();
        connections.close();
        connections = TestConnections.to(
                emulator.baseUrl(),
                clock,
                java.util.Map.of(
                        "account-id", String.valueOf(account), "token", emulator.token(), "read-timeout", "3s"));
        client = connections.find("default").orElseThrow();
        fault.accept(emulator.faults().next(1).on(way.endpoint));

        assertThat(failureOf(() -> way.start(this, failed))).isInstanceOf(CallFailure.Unclear.class);

        assertThat(emulator.count(way.endpoint)).isEqualTo(1);
        long made = emulator.runsOfJob(broken).getLast().id();
        assertThat(made).isGreaterThan(failed.id());
        assertThat(client.retries().find(account, broken, failed.id(), failed.id()))
                .hasValueSatisfying(run -> assertThat(run.runId()).isEqualTo(made));
    }

    @ParameterizedTest
    @MethodSource("ways")
    void aShutOutAccountStartsNothing(Way way) {
        RunView failed = failedRun();
        emulator.faults().next(1).on(way.endpoint).tooManyRequests(Duration.ofSeconds(9), "9");

        assertThat(failureOf(() -> way.start(this, failed))).isInstanceOf(CallFailure.Limited.class);

        assertThat(client.calls().budget(account).coolingDownUntil()).isPresent();
        assertThat(emulator.runsOfJob(broken)).hasSize(1);
    }

    @ParameterizedTest
    @MethodSource("ways")
    void aRetryThatIsHiddenIsFoundWhenItShows(Way way) throws DbtCloudException {
        RunView failed = failedRun();
        emulator.faults().next(1).on(way.endpoint).hideRunFromLists(Duration.ofSeconds(30));
        long made = way.start(this, failed).runId();

        assertThat(client.retries().find(account, broken, failed.id(), failed.id()))
                .isEmpty();
        clock.advance(Duration.ofSeconds(30));
        assertThat(client.retries().find(account, broken, failed.id(), failed.id()))
                .hasValueSatisfying(run -> assertThat(run.runId()).isEqualTo(made));
    }

    @Test
    void onlyARetryOfTheRunAndAboveTheBoundIsFound() throws DbtCloudException {
        RunView failed = failedRun();
        emulator.planNextRun(broken, RunPlan.failing("dbt build", "again").instantly());
        long first = client.starts()
                .retryRun(account, failed.id(), null, permit(), () -> true)
                .runId();
        long second = client.starts()
                .retryRun(account, first, null, permit(), () -> true)
                .runId();
        emulator.triggerByOther(broken, "no retry");

        assertThat(found(failed.id(), 0)).contains(first);
        assertThat(found(first, 0)).contains(second);
        assertThat(found(failed.id(), first)).isEmpty();
        assertThat(found(second, 0)).isEmpty();
    }

    @Test
    void aRetryBehindManyOtherRunsIsFoundPageByPage() throws DbtCloudException {
        RunView failed = failedRun();
        long made = client.starts()
                .retryRun(account, failed.id(), null, permit(), () -> true)
                .runId();
        List<Long> older = emulator.seedOlderRuns(broken, 250);
        emulator.counters().reset();

        assertThat(found(failed.id(), older.getFirst() - 1)).contains(made);
        assertThat(lists()).isEqualTo(3);
    }

    private Optional<Long> found(long retried, long above) throws DbtCloudException {
        return client.retries().find(account, broken, retried, above).map(RunSnapshot::runId);
    }

    @Test
    void whetherARunCanBeRetriedIsTold() throws DbtCloudException {
        assertThat(client.retries().ofNewest(account, broken)).isEmpty();
        RunView failed = failedRun();

        Retryability of = client.retries().of(account, failed.id());
        assertThat(of.run().runId()).isEqualTo(failed.id());
        assertThat(of.canRetry()).isTrue();
        assertThat(of.notSupportedReason()).isNull();
        assertThat(client.retries().ofNewest(account, broken)).hasValueSatisfying(newest -> {
            assertThat(newest.run().runId()).isEqualTo(failed.id());
            assertThat(newest.canRetry()).isTrue();
            assertThat(newest.notSupportedReason()).isNull();
        });

        RunView newer = emulator.triggerByOther(broken, "another");
        assertThat(client.retries().of(account, failed.id()))
                .satisfies(now -> assertThat(now.canRetry()).isFalse())
                .satisfies(now -> assertThat(now.notSupportedReason()).isEqualTo("RETRY_NOT_LATEST_RUN"));
        assertThat(client.retries().ofNewest(account, broken)).hasValueSatisfying(now -> {
            assertThat(now.run().runId()).isEqualTo(newer.id());
            assertThat(now.notSupportedReason()).isEqualTo("RETRY_NOT_FAILED_RUN");
        });
    }
}

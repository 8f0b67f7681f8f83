package org.dbtrelay.run.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.run.decide.RunSamples.T0;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.RequestedOptions;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.command.RunOptions;
import org.dbtrelay.run.command.RunSelector;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.DeadLetterReason;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.event.StrayReason;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.CauseMarker;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.JobRunStatus.Known;
import org.dbtrelay.run.job.RunStep;
import org.dbtrelay.run.job.WantedArtifact;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.StartAttempts;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Small values, and the words and numbers that others build on. */
class WordsTest {

    @ParameterizedTest
    @CsvSource({
        "1, queued, false",
        "2, starting, false",
        "3, running, false",
        "10, success, true",
        "20, error, true",
        "30, cancelled, true",
        "77, unknown, false"
    })
    void aStatusHasItsCodeItsWordAndMayBeAnEnd(int code, String label, boolean terminal) {
        JobRunStatus status = JobRunStatus.of(code);

        assertThat(status.code()).isEqualTo(code);
        assertThat(status.label()).isEqualTo(label);
        assertThat(status.isTerminal()).isEqualTo(terminal);
    }

    @ParameterizedTest
    @CsvSource({
        "The run was cancelled by user x, cancelled_by_user",
        "This run timed out after 1 hour, timed_out",
        "Timeout of the step, timed_out",
        "No resources were available, no_resources",
        "Something else, unknown",
        ", unknown"
    })
    void whyARunWasCancelledIsReadFromItsMessage(String message, String reason) {
        assertThat(CancelReason.of(RunSamples.run(Known.CANCELLED, message, T0)).wireName())
                .isEqualTo(reason);
    }

    @Test
    void reasonsAreWordsInSmallLetters() {
        assertThat(Arrays.stream(DeadLetterReason.values()).map(DeadLetterReason::wireName))
                .containsExactly("malformed", "too_large", "expired", "id_conflict", "misplaced");
        assertThat(Arrays.stream(StrayReason.values()).map(StrayReason::wireName))
                .containsExactly("second_run", "after_the_end");
    }

    /** A marker that came out otherwise after an upgrade would hide every run that is looked for. */
    @Test
    void aMarkerIsMadeOfLedgerAndCommandAndNeverChanges() {
        CauseMarker marker = CauseMarker.of("prod", "dbt.relay.ledger", "orders-2026-11-22");

        assertThat(marker.text()).isEqualTo("[relay:prod:5hiib0sk1ffujm9e]");
        assertThat(CauseMarker.of("prod", "other", "orders-2026-11-22")).isNotEqualTo(marker);
        assertThat(CauseMarker.of("prod", "dbt.relay.ledger", "orders-2026-11-23"))
                .isNotEqualTo(marker);
        assertThat(CauseMarker.of("prod", "a", "bc")).isNotEqualTo(CauseMarker.of("prod", "ab", "c"));
    }

    /** Deployments in two clusters have the same names unless somebody gives them others, and may have one account. */
    @Test
    void theRunsOfEqualLedgersInTwoClustersAreNotEachOthers() {
        Policy policy = RunSamples.policy(RunSamples.anything());

        assertThat(policy.inCluster("one").ledger())
                .isNotEqualTo(policy.inCluster("two").ledger())
                .isNotEqualTo(policy.ledger());
        assertThat(policy.inCluster(null))
                .as("begun by a build that did not ask")
                .isEqualTo(policy);
    }

    @Test
    void aMarkerIsKnownAgainAtTheFrontOfACauseOnly() {
        CauseMarker marker = CauseMarker.of("prod", "ledger", "c1");

        assertThat(CauseMarker.in(marker.inFrontOf("because"), "prod")).contains(marker);
        assertThat(CauseMarker.in(marker.text(), "prod")).contains(marker);
        assertThat(CauseMarker.in("because " + marker.text(), "prod")).isEmpty();
        assertThat(CauseMarker.in(marker.text(), "other")).isEmpty();
        assertThat(CauseMarker.in(marker.text().replace("]", "x]"), "prod")).isEmpty();
        assertThat(CauseMarker.in("[relay:prod:short]", "prod")).isEmpty();
        assertThat(CauseMarker.in(null, "prod")).isEmpty();
    }

    @Test
    void aCauseHas255CharactersAtMostAndNoHalfOnes() {
        CauseMarker marker = CauseMarker.of("prod", "ledger", "c1");
        int room = 255 - marker.text().length() - 1;

        assertThat(marker.inFrontOf(null)).isEqualTo(marker.text());
        assertThat(marker.inFrontOf(" ")).isEqualTo(marker.text());
        assertThat(marker.inFrontOf("x".repeat(room))).hasSize(255).endsWith("x");
        assertThat(marker.inFrontOf("x".repeat(room) + "y")).hasSize(255).endsWith("x");
        assertThat(marker.inFrontOf("x".repeat(room - 1) + "😀")).hasSize(254).endsWith("x");
        assertThat(marker.inFrontOf("x".repeat(room - 2) + "😀")).hasSize(255).endsWith("😀");
    }

    @Test
    void pollsComeSoonerAfterAChange() {
        Duration interval = Duration.ofSeconds(20);

        assertThat(PollPlan.gap(interval, Duration.ZERO)).isEqualTo(Duration.ofSeconds(5));
        assertThat(PollPlan.gap(interval, Duration.ofMillis(4_999))).isEqualTo(Duration.ofSeconds(5));
        assertThat(PollPlan.gap(interval, Duration.ofSeconds(5))).isEqualTo(Duration.ofSeconds(10));
        assertThat(PollPlan.gap(interval, Duration.ofMillis(19_999))).isEqualTo(Duration.ofSeconds(10));
        assertThat(PollPlan.gap(interval, interval)).isEqualTo(interval);
    }

    @Test
    void aStepThatHasNotBegunMadeNothing() {
        List<RunStep> steps = List.of(
                new RunStep(3, "Invoke dbt with `dbt seed`", Known.SUCCESS, true, "dbt seed", ""),
                new RunStep(4, "Invoke dbt with `dbt build`", Known.QUEUED, false, "dbt build", ""),
                new RunStep(5, "Invoke dbt with `dbt test`", Known.STARTING, false, "dbt test", ""));

        assertThat(StepChoice.wanted(RunSamples.requested("run_results.json"), steps, null))
                .containsExactly(new WantedArtifact("run_results.json", 3));
    }

    @Test
    void onlyWhatStartsARunWaitsForItsTurn() {
        JobSelector job = new JobSelector.ById(7);
        RunSelector run = new RunSelector.ById(99);

        assertThat(RunSamples.job(7).starts()).isTrue();
        assertThat(new Task.Retry(run).starts()).isTrue();
        assertThat(new Task.Rerun(job).starts()).isTrue();
        assertThat(new Task.Trigger(job, null, Overrides.NONE, false, true).starts())
                .isFalse();
        assertThat(new Task.Cancel(run).starts()).isFalse();
        assertThat(new Task.Follow(99, Set.of()).starts()).isFalse();
    }

    @Test
    void wishesGoBeforeThoseOfOthersAndAllBeforeWhatIsConfigured() {
        RequestedOptions own = new RequestedOptions(Duration.ofSeconds(1), null, true, null, IfRunning.SKIP, null);
        RequestedOptions others = new RequestedOptions(
                Duration.ofSeconds(2),
                Duration.ofHours(2),
                false,
                true,
                IfRunning.REUSE,
                RunSamples.requested("a.json"));

        assertThat(own.or(others))
                .isEqualTo(new RequestedOptions(
                        Duration.ofSeconds(1),
                        Duration.ofHours(2),
                        true,
                        true,
                        IfRunning.SKIP,
                        RunSamples.requested("a.json")));
        assertThat(RunSamples.policy(RunSamples.anything()).options(own, "not there any more", 7L, T0))
                .isEqualTo(new RunOptions(
                        Duration.ofSeconds(1),
                        T0.plus(Duration.ofHours(24)),
                        true,
                        false,
                        IfRunning.SKIP,
                        RunSamples.requested("manifest.json")));
    }

    @Test
    void eachStateHasItsWord() {
        assertThat(new RunState.Waiting(StartAttempts.NONE, 0, null).label()).isEqualTo("waiting");
        assertThat(new RunState.Retrying(T0).label()).isEqualTo("retrying");
        assertThat(new RunState.Finished(EventType.RUN_FAILED, null, null, T0, null, null).label())
                .isEqualTo("finished");
    }

    @Test
    void anOrderKeepsTheNameOfItsJobIfDbtCloudTellsNone() {
        Course course = new Course(RunSamples.policy(RunSamples.anything()));
        course.take(RunSamples.commanded(RunSamples.trigger(RunSamples.BY_NAMES)));
        ResolvedCommand resolved = course.entry("c1").openCommand();

        assertThat(resolved.withJob(7, null).jobName()).isEqualTo("j");
        assertThat(resolved.withJob(7, "k").jobName()).isEqualTo("k");
    }
}

package org.dbtrelay.run.decide;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.CommandHash;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.DeadLetterReason;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobDetails;
import org.dbtrelay.run.job.JobNames;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.JobRunStatus.Known;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.RunStep;
import org.dbtrelay.run.job.WantedArtifact;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.StartCall;
import org.junit.jupiter.api.Test;

class RunMachineTest {

    private static final CommandHash HASH = new CommandHash(1, 2);
    private static final Instant T0 = Instant.parse("2026-11-22T10:00:00Z");
    private static final Policy POLICY = policy(true, false);

    private final Course course = new Course(POLICY);

    @Test
    void a_trigger_by_job_id_goes_from_acceptance_to_success_without_a_gap() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));
        assertThat(course.lastActions()).hasAtLeastOneElementOfType(Action.ReserveStart.class);

        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        Action.Start start = course.lastAction(Action.Start.class);
        assertThat(start.cause()).startsWith("[relay:test:").endsWith("] orders landed");
        assertThat(start.attempt()).isEqualTo(1);

        course.take(new Input.Started("c1", 1, run(Known.QUEUED)));
        course.take(new Input.RunObserved("c1", run(Known.RUNNING)));
        course.take(new Input.RunObserved("c1", run(Known.SUCCESS)));
        assertThat(course.lastAction(Action.ReadEnd.class).run().runId()).isEqualTo(99);
        course.take(RunSamples.ended("c1", run(Known.SUCCESS)));
        Action.CollectArtifacts collect = course.lastAction(Action.CollectArtifacts.class);
        course.take(new Input.ArtifactsCollected(
                "c1", List.of(RunSamples.stored(collect.artifacts().getFirst())), List.of(), List.of()));

        assertThat(course.types())
                .containsExactly("command.accepted", "run.queued", "run.running", "run.succeeded", "artifact.ready");
        assertThat(course.sequences()).containsExactly(0, 1, 2, 3, 4);
        assertThat(course.entry("c1").state())
                .isEqualTo(new RunState.Finished(EventType.RUN_SUCCEEDED, null, 99L, course.now));
    }

    @Test
    void the_same_command_again_changes_nothing_and_another_of_its_id_is_put_aside() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));

        assertThat(course.take(commanded(trigger("c1", new JobSelector.ById(7)))))
                .isEqualTo(Decision.NOTHING);
        Decision conflict = course.take(
                new Input.CommandReceived(trigger("c1", new JobSelector.ById(7)), new CommandHash(3, 4), T0, 9));

        assertThat(conflict.deadLetter().reason()).isEqualTo(DeadLetterReason.ID_CONFLICT);
        assertThat(course.types()).containsExactly("command.accepted");
    }

    @Test
    void a_command_that_is_too_old_is_put_aside() {
        course.pass(Duration.ofDays(8));

        Decision decision = course.take(new Input.CommandReceived(trigger("c1", new JobSelector.ById(7)), HASH, T0, 1));

        assertThat(decision.deadLetter().reason()).isEqualTo(DeadLetterReason.EXPIRED);
        assertThat(course.entries).isEmpty();
    }

    @Test
    void what_the_policy_forbids_is_rejected_with_the_key_that_would_allow_it() {
        Command.Fit steps = with(new Overrides(List.of("dbt run"), null, null, Set.of()));
        course.take(commanded(steps));

        RunEvent.OfCommand body = (RunEvent.OfCommand) course.events.getFirst().body();
        assertThat(course.types()).containsExactly("command.rejected");
        assertThat(body.reason()).isEqualTo(RejectReason.FORBIDDEN);
        assertThat(body.message()).contains("relay.policy.connections.default.allow-steps-override");
    }

    @Test
    void a_job_by_names_is_looked_up_and_its_absence_rejects() {
        course.take(commanded(trigger("c1", new JobSelector.ByNames(new JobNames("p", "e", "j")))));
        assertThat(course.lastAction(Action.LookUpJob.class).names().jobName()).isEqualTo("j");

        course.take(new Input.JobRejected("c1", RejectReason.JOB_NOT_FOUND, "no job 'j'"));

        assertThat(course.types()).containsExactly("command.accepted", "command.rejected");
        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    @Test
    void a_deactivated_job_is_rejected_before_any_trigger() {
        course.take(commanded(trigger("c1", new JobSelector.ByNames(new JobNames("p", "e", "j")))));

        course.take(new Input.JobFound("c1", new JobDetails(7, 1, 2, 3, "j", true)));

        assertThat(((RunEvent.OfCommand) course.events.getLast().body()).reason())
                .isEqualTo(RejectReason.JOB_DEACTIVATED);
    }

    @Test
    void an_unclear_trigger_is_looked_for_and_its_run_adopted() {
        startUnclear();
        Action.SearchMarker search = course.lastAction(Action.SearchMarker.class);
        assertThat(search.notCreatedBefore()).isBefore(T0);

        course.take(new Input.SearchResult("c1", 1, course.now, run(Known.RUNNING)));

        RunEvent.OfRun body = (RunEvent.OfRun) course.events.getLast().body();
        assertThat(body.adopted()).isTrue();
        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Following.class);
    }

    @Test
    void an_unclear_trigger_is_not_sent_again_before_the_wait_is_over() {
        startUnclear();
        course.take(new Input.SearchResult("c1", 1, course.now, null));
        course.pass(POLICY.unclearWait().minusSeconds(1));
        course.take(new Input.SearchResult("c1", 1, course.now, null));
        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Searching.class);

        course.pass(Duration.ofSeconds(1));
        course.take(new Input.SearchResult("c1", 1, course.now, null));
        assertThat(course.lastAction(Action.ReserveStart.class)).isNotNull();

        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        assertThat(course.lastAction(Action.Start.class).attempt()).isEqualTo(2);
    }

    @Test
    void while_an_earlier_start_is_in_doubt_the_look_keeps_its_bounds() {
        startUnclear();
        course.pass(POLICY.unclearWait());
        course.take(new Input.SearchResult("c1", 1, course.now, null));
        course.pass(Duration.ofHours(2));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 80L));

        course.take(new Input.StartFailed("c1", 2, new CallFailure.Unclear("reset")));

        Action.SearchMarker search = course.lastAction(Action.SearchMarker.class);
        assertThat(search.aboveRunId()).isEqualTo(50L);
        assertThat(search.notCreatedBefore()).isBefore(T0);
    }

    @Test
    void a_start_that_was_surely_not_sent_leaves_no_bounds_behind() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        course.take(new Input.StartFailed("c1", 1, new CallFailure.NotSent("refused")));
        course.pass(Duration.ofHours(2));
        course.take(new Input.TimerFired("c1"));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 80L));

        course.take(new Input.StartFailed("c1", 2, new CallFailure.Unclear("reset")));

        Action.SearchMarker search = course.lastAction(Action.SearchMarker.class);
        assertThat(search.aboveRunId()).isEqualTo(80L);
        assertThat(search.notCreatedBefore()).isEqualTo(course.now.minus(Duration.ofMinutes(15)));
    }

    @Test
    void a_look_that_began_before_the_wait_was_over_proves_nothing_however_late_its_answer_is() {
        startUnclear();
        Instant begun = course.now;
        course.pass(POLICY.unclearWait().plusSeconds(60));

        course.take(new Input.SearchResult("c1", 1, begun, null));

        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Searching.class);
    }

    @Test
    void five_unclear_triggers_without_a_run_end_it() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));
        for (int attempt = 1; attempt <= 5; attempt++) {
            course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
            course.take(new Input.StartFailed("c1", attempt, new CallFailure.Unclear("reset")));
            course.pass(POLICY.unclearWait());
            course.take(new Input.SearchResult("c1", attempt, course.now, null));
        }

        assertThat(course.types()).containsExactly("command.accepted", "run.abandoned");
        assertThat(((RunEvent.OfRun) course.events.getLast().body()).reason()).isEqualTo("start_failed");
    }

    @Test
    void a_parked_command_is_never_triggered_twice() {
        Course parked = new Course(policy(true, true));
        parked.take(commanded(trigger("c1", new JobSelector.ById(7))));
        parked.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        parked.take(new Input.StartFailed("c1", 1, new CallFailure.Unclear("reset")));
        parked.pass(POLICY.unclearWait());

        parked.take(new Input.SearchResult("c1", 1, parked.now, null));

        assertThat(((RunEvent.OfRun) parked.events.getLast().body()).reason()).isEqualTo("start_unclear");
    }

    @Test
    void a_restart_between_intent_and_answer_looks_before_anything_else() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        course.pass(Duration.ofHours(1));

        course.take(new Input.Restored("c1"));

        assertThat(course.lastAction(Action.SearchMarker.class)).isNotNull();
        assertThat(((RunState.Searching) course.entry("c1").state()).since()).isEqualTo(course.now);
    }

    @Test
    void a_trigger_that_was_surely_not_sent_is_sent_again_later_and_not_looked_for() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        course.take(new Input.StartFailed("c1", 1, new CallFailure.NotSent("connection refused")));
        assertThat(course.lastActions()).allMatch(Action.SetTimer.class::isInstance);

        course.pass(Duration.ofSeconds(2));
        course.take(new Input.TimerFired("c1"));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));

        assertThat(course.lastAction(Action.Start.class).attempt()).isEqualTo(2);
    }

    @Test
    void an_answer_to_an_earlier_attempt_is_dropped() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        course.take(new Input.StartFailed("c1", 1, new CallFailure.NotSent("refused")));
        course.pass(Duration.ofSeconds(2));
        course.take(new Input.TimerFired("c1"));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));

        assertThat(course.take(new Input.StartFailed("c1", 1, new CallFailure.NotSent("late"))))
                .isEqualTo(Decision.NOTHING);
    }

    @Test
    void a_refused_trigger_rejects_with_the_words_of_dbt_cloud() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        course.take(new Input.StartRefused("c1", 1, RejectReason.REFUSED_BY_DBT_CLOUD, "400: not this way"));

        RunEvent.OfCommand body = (RunEvent.OfCommand) course.events.getLast().body();
        assertThat(body.message()).isEqualTo("400: not this way");
        assertThat(course.entry("c1").resolved()).isNull();
    }

    @Test
    void a_status_never_goes_backwards() {
        following();
        course.take(new Input.RunObserved("c1", run(Known.RUNNING)));
        course.take(new Input.RunObserved("c1", run(Known.STARTING)));
        course.take(new Input.RunObserved("c1", run(Known.QUEUED)));

        assertThat(course.types()).containsExactly("command.accepted", "run.queued", "run.running");
    }

    @Test
    void a_status_that_nobody_knows_is_polled_on() {
        following();

        course.take(new Input.RunObserved("c1", run(JobRunStatus.of(77))));

        assertThat(course.lastAction(Action.SchedulePoll.class).runId()).isEqualTo(99);
        assertThat(course.types()).containsExactly("command.accepted", "run.queued");
    }

    @Test
    void a_look_that_sees_nothing_new_costs_no_transaction_and_the_gap_grows_to_the_interval() {
        following();
        Decision soon = course.take(new Input.RunObserved("c1", run(Known.QUEUED)));
        assertThat(soon.changes()).isFalse();
        assertThat(((Action.SchedulePoll) soon.actions().getFirst()).due()).isEqualTo(course.now.plusMillis(2_500));
        course.pass(POLICY.defaults().pollInterval());

        Decision decision = course.take(new Input.RunObserved("c1", run(Known.QUEUED)));

        assertThat(decision.changes()).isFalse();
        assertThat(((Action.SchedulePoll) decision.actions().getFirst()).due())
                .isEqualTo(course.now.plus(POLICY.defaults().pollInterval()));
    }

    @Test
    void at_the_deadline_there_is_one_last_look_and_then_a_cancellation_that_is_confirmed() {
        following();
        course.pass(Duration.ofHours(24));
        course.take(new Input.TimerFired("c1"));
        assertThat(course.lastAction(Action.SchedulePoll.class).due()).isEqualTo(course.now);

        course.take(new Input.RunObserved("c1", run(Known.RUNNING)));
        assertThat(course.lastAction(Action.CancelRun.class).runId()).isEqualTo(99);
        course.take(new Input.RunObserved("c1", run(Known.CANCELLED)));
        course.take(RunSamples.ended("c1", run(Known.CANCELLED)));

        assertThat(course.events.getLast().type()).isEqualTo(EventType.RUN_CANCELLED);
        assertThat(((RunEvent.OfRun) course.events.getLast().body()).reason()).isEqualTo("cancelled_by_relay");
    }

    @Test
    void a_look_that_began_by_a_clock_that_was_set_back_meanwhile_says_nothing() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        course.take(new Input.StartFailed("c1", 1, new CallFailure.Unclear("time-out")));
        Instant begun = course.now.plusSeconds(200);
        course.take(new Input.Restored("c1"));
        course.take(new Input.SearchResult("c1", 1, begun, null));

        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Searching.class);
    }

    @Test
    void a_back_off_of_a_clock_that_was_far_ahead_is_not_waited_for() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));
        course.fail("c1", Action.ReserveStart.class, new CallFailure.NotSent("refused"));
        course.pass(Duration.ofHours(-1));
        course.take(new Input.Restored("c1"));
        course.take(new Input.TimerFired("c1"));

        assertThat(course.lastAction(Action.ReserveStart.class).jobId()).isEqualTo(7);
    }

    @Test
    void a_run_that_vanishes_while_it_is_to_be_cancelled_is_gone_in_the_end() {
        following();
        course.pass(Duration.ofHours(24));
        course.take(new Input.RunObserved("c1", run(Known.RUNNING)));
        course.fail("c1", Action.CancelRun.class, new CallFailure.NotFound("404"));
        course.take(new Input.RunNotFound("c1", 99));
        course.pass(Duration.ofMinutes(16));
        course.take(new Input.RunNotFound("c1", 99));
        assertThat(course.lastAction(Action.ReadJob.class).jobId()).isEqualTo(7);
        course.take(new Input.JobFound("c1", new JobDetails(7, 1, 2, 3, "j", false)));

        assertThat(((RunEvent.OfRun) course.events.getLast().body()).reason()).isEqualTo("run_gone");
    }

    @Test
    void a_run_that_vanishes_and_comes_back_is_cancelled_after_all() {
        following();
        course.pass(Duration.ofHours(24));
        course.take(new Input.RunObserved("c1", run(Known.RUNNING)));
        course.take(new Input.RunNotFound("c1", 99));
        course.take(new Input.RunObserved("c1", run(Known.RUNNING)));

        assertThat(course.lastAction(Action.CancelRun.class).runId()).isEqualTo(99);
    }

    @Test
    void a_run_that_succeeded_by_the_last_look_is_a_success() {
        following();
        course.pass(Duration.ofHours(24));
        course.take(new Input.TimerFired("c1"));
        course.take(new Input.RunObserved("c1", run(Known.SUCCESS)));
        course.take(RunSamples.ended("c1", run(Known.SUCCESS)));

        assertThat(course.events.getLast().type()).isEqualTo(EventType.RUN_SUCCEEDED);
    }

    @Test
    void at_the_deadline_a_run_is_left_alone_if_so_ordered() {
        Course abandoning = new Course(policy(false, false));
        abandoning.take(commanded(trigger("c1", new JobSelector.ById(7))));
        abandoning.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        abandoning.take(new Input.Started("c1", 1, run(Known.QUEUED)));
        abandoning.pass(Duration.ofHours(24));
        abandoning.take(new Input.RunObserved("c1", run(Known.RUNNING)));

        assertThat(((RunEvent.OfRun) abandoning.events.getLast().body()).reason())
                .isEqualTo("deadline");
    }

    @Test
    void a_run_that_is_unknown_for_long_while_its_job_is_known_is_gone() {
        following();
        course.take(new Input.RunNotFound("c1", 99));
        assertThat(course.types()).doesNotContain("run.abandoned");
        course.pass(Duration.ofMinutes(2));
        course.take(new Input.RunNotFound("c1", 99));
        course.pass(Duration.ofMinutes(15));
        course.take(new Input.RunNotFound("c1", 99));
        assertThat(course.lastAction(Action.ReadJob.class).jobId()).isEqualTo(7);

        course.take(new Input.JobFound("c1", new JobDetails(7, 1, 2, 3, "j", false)));

        assertThat(((RunEvent.OfRun) course.events.getLast().body()).reason()).isEqualTo("run_gone");
    }

    @Test
    void a_run_that_timed_out_in_dbt_cloud_says_so() {
        following();
        RunSnapshot timedOut =
                run(Known.CANCELLED, "This run timed out after running for 1 day, which exceeded the limit");
        course.take(RunSamples.ended("c1", timedOut));

        assertThat(((RunEvent.OfRun) course.events.getLast().body()).reason()).isEqualTo("timed_out");
    }

    @Test
    void artifacts_that_do_not_appear_in_time_are_unavailable() {
        following();
        course.take(RunSamples.ended("c1", run(Known.SUCCESS)));
        List<WantedArtifact> wanted =
                course.lastAction(Action.CollectArtifacts.class).artifacts();
        course.take(new Input.ArtifactsCollected("c1", List.of(), List.of(), RunSamples.notYet(wanted)));
        assertThat(course.entry("c1").unfinished()).isTrue();

        course.pass(POLICY.artifactPatience());
        course.take(new Input.ArtifactsCollected("c1", List.of(), List.of(), RunSamples.notYet(wanted)));

        assertThat(course.events.getLast().type()).isEqualTo(EventType.ARTIFACT_UNAVAILABLE);
        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    @Test
    void an_artifact_is_told_of_once_even_if_it_is_collected_twice() {
        following();
        course.take(RunSamples.ended("c1", run(Known.SUCCESS)));
        WantedArtifact wanted =
                course.lastAction(Action.CollectArtifacts.class).artifacts().getFirst();
        Input twice = new Input.ArtifactsCollected("c1", List.of(RunSamples.stored(wanted)), List.of(), List.of());
        course.take(twice);
        course.take(twice);

        assertThat(course.types()).containsOnlyOnce("artifact.ready");
    }

    @Test
    void a_finished_entry_is_forgotten_after_the_retention_and_not_before() {
        course.take(commanded(new Command.Unfit(
                new Command.Head("c1", "default", null, null, null, null), "retry", RejectReason.INVALID, "no")));
        course.take(new Input.TimerFired("c1"));
        assertThat(course.entries).hasSize(1);

        course.pass(POLICY.retention());
        course.take(new Input.TimerFired("c1"));

        assertThat(course.entries).isEmpty();
    }

    @Test
    void a_fault_of_the_relay_ends_the_command_alone() {
        following();

        course.take(new Input.InternalFault("c1", "a fault of the relay"));

        assertThat(((RunEvent.OfRun) course.events.getLast().body()).reason()).isEqualTo("internal");
        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    @Test
    void the_step_that_built_is_chosen_and_not_the_docs_step() {
        List<RunStep> steps = List.of(
                new RunStep(1, "Clone git repository", Known.SUCCESS, true, null, ""),
                new RunStep(3, "Invoke dbt with `dbt deps`", Known.SUCCESS, true, "dbt deps", ""),
                new RunStep(4, "Invoke dbt with `dbt build`", Known.SUCCESS, true, null, ""),
                new RunStep(5, "Invoke dbt with `dbt docs generate`", Known.SUCCESS, true, "dbt docs generate", ""));

        assertThat(StepChoice.wanted(RunSamples.requested("run_results.json", "catalog.json"), steps))
                .containsExactly(new WantedArtifact("run_results.json", 4), new WantedArtifact("catalog.json", 5));
    }

    private void following() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        course.take(new Input.Started("c1", 1, run(Known.QUEUED)));
    }

    private void startUnclear() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        course.take(new Input.StartFailed("c1", 1, new CallFailure.Unclear("read time-out")));
    }

    private static Input commanded(Command command) {
        return RunSamples.commanded(command);
    }

    private static Command.Fit trigger(String id, JobSelector job) {
        return RunSamples.command(id, new Task.Trigger(job, "orders landed", Overrides.NONE, false, false));
    }

    private static Command.Fit with(Overrides overrides) {
        return RunSamples.command("c1", new Task.Trigger(new JobSelector.ById(7), null, overrides, false, false));
    }

    private static RunSnapshot run(JobRunStatus status) {
        return run(status, null);
    }

    private static RunSnapshot run(JobRunStatus status, String message) {
        return new RunSnapshot(
                99, 1, 2L, 3L, 7, "daily", status, message, "https://x/99", T0, null, null, true, null, null);
    }

    static Policy policy(boolean cancelAtDeadline, boolean park) {
        return RunSamples.policy(RunSamples.connection(null, Set.of(1L), false, true, null), cancelAtDeadline, park);
    }
}

package org.dbtrelay.run.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.run.decide.RunSamples.BY_NAMES;
import static org.dbtrelay.run.decide.RunSamples.T0;
import static org.dbtrelay.run.decide.RunSamples.anything;
import static org.dbtrelay.run.decide.RunSamples.commanded;
import static org.dbtrelay.run.decide.RunSamples.ofCommand;
import static org.dbtrelay.run.decide.RunSamples.ofRun;
import static org.dbtrelay.run.decide.RunSamples.policy;
import static org.dbtrelay.run.decide.RunSamples.run;
import static org.dbtrelay.run.decide.RunSamples.trigger;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.RequestedOptions;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.job.ArtifactContent;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobDetails;
import org.dbtrelay.run.job.JobRunStatus.Known;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.StoredArtifact;
import org.dbtrelay.run.job.UnavailableReason;
import org.dbtrelay.run.job.WantedArtifact;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.StartCall;
import org.junit.jupiter.api.Test;

/** The corners of the states, which a command seldom gets into and must get out of. */
class StatesTest {

    private static final Policy POLICY = policy(anything());
    private static final Duration INTERVAL = POLICY.defaults().pollInterval();

    private final Course course = new Course(POLICY);

    @Test
    void a_waiting_command_that_is_not_due_yet_waits_on_after_a_restart() {
        course.take(commanded(trigger(new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), null));
        course.take(new Input.StartFailed("c1", 1, new CallFailure.NotSent("refused")));
        Instant due = course.now.plusSeconds(1);
        assertThat(course.lastAction(Action.SetTimer.class).at()).isEqualTo(due);

        Decision restored = course.take(new Input.Restored("c1"));

        assertThat(restored.changes()).isFalse();
        assertThat(restored.actions())
                .containsExactly(
                        new Action.SetTimer(
                                "c1", course.entry("c1").openCommand().options().deadline()),
                        new Action.SetTimer("c1", due));
        assertThat(course.take(new Input.TimerFired("c1"))).as("too early").isEqualTo(Decision.NOTHING);
        course.pass(Duration.ofSeconds(1));
        course.take(new Input.Restored("c1"));
        assertThat(course.lastAction(Action.SetTimer.class)).isNotNull();
        course.take(new Input.TimerFired("c1"));
        assertThat(course.lastAction(Action.ReserveStart.class).jobId()).isEqualTo(7);
    }

    @Test
    void back_off_doubles_from_a_second_to_a_minute() {
        course.take(commanded(trigger(new JobSelector.ById(7))));
        for (int failure = 0, seconds = 1; failure < 8; failure++, seconds = Math.min(60, 2 * seconds)) {
            course.fail("c1", Action.ReserveStart.class, new CallFailure.NotSent("refused"));
            assertThat(course.lastAction(Action.SetTimer.class).at()).isEqualTo(course.now.plusSeconds(seconds));
        }
    }

    @Test
    void a_permit_for_a_job_that_is_not_known_yet_starts_nothing() {
        course.take(commanded(trigger(BY_NAMES)));

        assertThat(course.take(new Input.StartReserved("c1", new StartCall.Trigger(), null)))
                .isEqualTo(Decision.NOTHING);
    }

    @Test
    void a_job_that_is_found_twice_is_found_once() {
        course.take(commanded(trigger(BY_NAMES)));
        course.take(new Input.JobFound("c1", new JobDetails(7, 1, 2, 3, "j", false)));
        assertThat(course.lastAction(Action.ReserveStart.class).jobId()).isEqualTo(7);
        assertThat(course.entry("c1").openCommand().jobName()).isEqualTo("j");

        assertThat(course.take(new Input.JobFound("c1", new JobDetails(8, 1, 2, 3, "j", false))))
                .isEqualTo(Decision.NOTHING);
    }

    @Test
    void a_command_whose_time_is_over_before_a_run_is_abandoned() {
        course.take(commanded(trigger(new JobSelector.ById(7))));
        course.pass(Duration.ofHours(24));

        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), null));

        assertThat(ofRun(course.events.getLast()).reason()).isEqualTo("deadline");
        assertThat(course.events.getLast().runId()).isNull();
        assertThat(course.events.getLast().jobId()).isEqualTo(7);
    }

    @Test
    void a_command_whose_time_is_over_while_it_is_in_doubt_is_not_started_again() {
        unclear();
        course.pass(Duration.ofHours(24));

        course.take(new Input.SearchResult("c1", 1, course.now, null));

        assertThat(ofRun(course.events.getLast()).reason()).isEqualTo("deadline");
    }

    @Test
    void a_job_that_dbt_cloud_does_not_know_rejects() {
        course.take(commanded(trigger(new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), null));

        course.take(new Input.StartFailed("c1", 1, new CallFailure.NotFound("404")));

        assertThat(ofCommand(course.events.getLast()).reason()).isEqualTo(RejectReason.JOB_NOT_FOUND);
        assertThat(ofCommand(course.events.getLast()).reason().wireName()).isEqualTo("job_not_found");
    }

    @Test
    void the_last_look_is_when_the_wait_is_over_and_not_before() {
        unclear();
        course.pass(Duration.ofSeconds(154));
        course.take(new Input.SearchResult("c1", 1, course.now, null));

        assertThat(course.lastAction(Action.SetTimer.class).at()).isEqualTo(course.now.plusSeconds(1));
    }

    @Test
    void a_look_that_took_longer_than_what_was_left_is_followed_by_another_at_once() {
        unclear();
        Instant begun = course.now;
        course.pass(Duration.ofSeconds(200));

        course.take(new Input.SearchResult("c1", 1, begun, null));

        assertThat(course.lastAction(Action.SetTimer.class).at()).isEqualTo(course.now);
    }

    @Test
    void the_answer_that_comes_after_all_ends_the_doubt() {
        unclear();

        course.take(new Input.Started("c1", 2, run(Known.QUEUED)));
        assertThat(course.entry("c1").state()).as("another attempt's").isInstanceOf(RunState.Searching.class);
        course.take(new Input.Started("c1", 1, run(Known.QUEUED)));

        assertThat(ofRun(course.events.getLast()).adopted()).isFalse();
    }

    @Test
    void a_restart_asks_again_for_what_is_to_be_cancelled() {
        cancelling();

        course.take(new Input.Restored("c1"));

        assertThat(course.lastAction(Action.CancelRun.class).runId()).isEqualTo(99);
    }

    @Test
    void a_cancellation_without_effect_is_asked_for_again_after_a_minute() {
        cancelling();
        course.pass(Duration.ofSeconds(59));
        course.take(new Input.RunObserved("c1", run(Known.RUNNING)));
        assertThat(course.lastActions()).hasOnlyElementsOfType(Action.SchedulePoll.class);

        course.pass(Duration.ofSeconds(1));
        course.take(new Input.RunObserved("c1", run(Known.RUNNING)));

        assertThat(course.lastAction(Action.CancelRun.class).runId()).isEqualTo(99);
        assertThat(((RunState.Cancelling) course.entry("c1").state()).askedAt()).isEqualTo(course.now);
    }

    @Test
    void a_cancellation_that_failed_is_asked_for_again_after_a_back_off() {
        cancelling();
        course.fail("c1", Action.CancelRun.class, new CallFailure.Unclear("reset"));
        assertThat(course.lastAction(Action.SetTimer.class).at()).isEqualTo(course.now.plusSeconds(2));
        assertThat(course.take(new Input.TimerFired("c1"))).as("too early").isEqualTo(Decision.NOTHING);
        course.pass(INTERVAL);

        course.take(new Input.TimerFired("c1"));

        assertThat(course.lastAction(Action.CancelRun.class).runId()).isEqualTo(99);
    }

    @Test
    void a_run_that_is_cancelled_and_seems_not_to_have_ended_is_looked_at_again() {
        cancelling();

        course.take(RunSamples.ended("c1", run(Known.RUNNING)));

        assertThat(course.lastAction(Action.SchedulePoll.class).due()).isEqualTo(course.now.plus(INTERVAL));
        course.take(new Input.RunNotFound("c1", 99));
        assertThat(course.lastAction(Action.SchedulePoll.class).due()).isEqualTo(course.now.plus(INTERVAL));
    }

    @Test
    void what_concerns_another_run_is_no_news() {
        following();
        RunSnapshot other =
                new RunSnapshot(98, 1, 2L, 3L, 7, "daily", Known.SUCCESS, null, null, T0, null, null, true, null, null);

        assertThat(course.take(new Input.RunObserved("c1", other))).isEqualTo(Decision.NOTHING);
        assertThat(course.take(RunSamples.ended("c1", other))).isEqualTo(Decision.NOTHING);
        assertThat(course.take(new Input.RunNotFound("c1", 98))).isEqualTo(Decision.NOTHING);
        cancelling();
        assertThat(course.take(new Input.RunObserved("c1", other))).isEqualTo(Decision.NOTHING);
        assertThat(course.take(RunSamples.ended("c1", other))).isEqualTo(Decision.NOTHING);
    }

    @Test
    void a_young_run_that_is_not_seen_is_no_news() {
        following();
        course.pass(Duration.ofSeconds(59));
        Decision young = course.take(new Input.RunNotFound("c1", 99));
        assertThat(young.changes()).isFalse();

        course.pass(Duration.ofSeconds(1));
        course.take(new Input.RunNotFound("c1", 99));

        assertThat(((RunState.Following) course.entry("c1").state()).missingSince())
                .isEqualTo(course.now);
    }

    @Test
    void a_run_without_a_time_of_creation_can_be_missed_at_once() {
        course.take(commanded(trigger(new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), null));
        course.take(new Input.Started("c1", 1, run(Known.QUEUED, null, null)));

        course.take(new Input.RunNotFound("c1", 99));

        assertThat(((RunState.Following) course.entry("c1").state()).missingSince())
                .isEqualTo(course.now);
    }

    @Test
    void a_run_that_is_seen_again_is_not_missed_any_more() {
        following();
        course.pass(Duration.ofMinutes(2));
        course.take(new Input.RunNotFound("c1", 99));
        course.pass(Duration.ofMinutes(14));
        course.take(new Input.RunObserved("c1", run(Known.QUEUED)));
        course.pass(Duration.ofMinutes(14));

        course.take(new Input.RunNotFound("c1", 99));
        assertThat(course.take(new Input.JobFound("c1", new JobDetails(7, 1, 2, 3, "j", false))))
                .isEqualTo(Decision.NOTHING);

        assertThat(course.types()).doesNotContain("run.abandoned");
    }

    @Test
    void a_restart_looks_at_the_run_at_once() {
        following();

        Decision restored = course.take(new Input.Restored("c1"));

        assertThat(restored.changes()).isFalse();
        assertThat(course.lastAction(Action.SchedulePoll.class).due()).isEqualTo(course.now);
        assertThat(course.lastAction(Action.SetTimer.class).at())
                .isEqualTo(course.entry("c1").openCommand().options().deadline());
    }

    @Test
    void an_end_that_is_none_is_a_look() {
        following();

        course.take(RunSamples.ended("c1", run(Known.RUNNING)));

        assertThat(course.types()).containsExactly("command.accepted", "run.queued", "run.running");
    }

    @Test
    void an_end_tells_of_the_status_before_it_only_if_that_was_another() {
        following();
        course.take(RunSamples.ended("c1", run(Known.SUCCESS)));
        assertThat(ofRun(course.events.getLast()).previousStatus()).isEqualTo(Known.QUEUED);

        Course quick = new Course(POLICY);
        quick.take(commanded(trigger(new JobSelector.ById(7))));
        quick.take(new Input.StartReserved("c1", new StartCall.Trigger(), null));
        quick.take(new Input.Started("c1", 1, run(Known.SUCCESS)));
        assertThat(quick.lastAction(Action.ReadEnd.class).run().runId()).isEqualTo(99);
        quick.take(RunSamples.ended("c1", run(Known.SUCCESS)));
        assertThat(ofRun(quick.events.getLast()).previousStatus()).isNull();
        assertThat(quick.types()).containsExactly("command.accepted", "run.succeeded");
    }

    @Test
    void a_command_that_wants_no_artifacts_is_over_with_its_run() {
        course.take(commanded(RunSamples.command(
                "c1", RunSamples.job(7), new RequestedOptions(null, null, null, null, null, List.of()))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), null));
        course.take(new Input.Started("c1", 1, run(Known.QUEUED)));

        course.take(RunSamples.ended("c1", run(Known.SUCCESS)));

        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    @Test
    void artifacts_are_asked_for_again_with_growing_gaps_and_after_a_restart() {
        List<WantedArtifact> wanted = collecting();
        course.take(new Input.ArtifactsCollected("c1", List.of(), List.of(), RunSamples.notYet(wanted)));
        assertThat(course.lastAction(Action.SetTimer.class).at()).isEqualTo(course.now.plusSeconds(1));
        course.fail("c1", Action.CollectArtifacts.class, new CallFailure.Unclear("reset"));
        assertThat(course.lastAction(Action.SetTimer.class).at()).isEqualTo(course.now.plusSeconds(2));

        course.pass(Duration.ofSeconds(1));
        assertThat(course.take(new Input.TimerFired("c1")))
                .as("the first wake-up, once more")
                .isEqualTo(Decision.NOTHING);
        course.pass(Duration.ofSeconds(1));
        course.take(new Input.TimerFired("c1"));
        assertThat(course.lastAction(Action.CollectArtifacts.class).artifacts()).isEqualTo(wanted);
        course.take(new Input.Restored("c1"));
        assertThat(course.lastAction(Action.CollectArtifacts.class).artifacts()).isEqualTo(wanted);
    }

    @Test
    void what_the_last_answer_said_is_told_when_patience_is_over() {
        WantedArtifact wanted = collecting().getFirst();
        Input full = new Input.ArtifactsCollected(
                "c1",
                List.of(),
                List.of(),
                List.of(new Input.ArtifactsCollected.Unavailable(
                        wanted, UnavailableReason.STORE_FAILED, "no space left")));
        course.take(full);
        assertThat(course.types()).doesNotContain("artifact.unavailable");

        course.pass(POLICY.artifactPatience());
        course.take(full);

        RunEvent.OfMissingArtifact body =
                (RunEvent.OfMissingArtifact) course.events.getLast().body();
        assertThat(body.reason()).isEqualTo(UnavailableReason.STORE_FAILED);
        assertThat(body.message()).isEqualTo("tried until relay.artifacts.patience (PT5M) was over: no space left");
    }

    @Test
    void a_call_that_failed_last_is_told_when_patience_is_over() {
        collecting();
        course.pass(POLICY.artifactPatience());
        course.fail("c1", Action.CollectArtifacts.class, new CallFailure.Unclear("reset by peer"));

        RunEvent.OfMissingArtifact body =
                (RunEvent.OfMissingArtifact) course.events.getLast().body();
        assertThat(body.reason()).isEqualTo(UnavailableReason.NOT_FOUND_IN_TIME);
        assertThat(body.message())
                .isEqualTo("it could not be had within relay.artifacts.patience (PT5M): reset by peer");
    }

    @Test
    void an_artifact_that_will_not_come_is_told_of_once() {
        WantedArtifact wanted = collecting().getFirst();
        Input gone = new Input.ArtifactsCollected(
                "c1",
                List.of(),
                List.of(new Input.ArtifactsCollected.Unavailable(
                        wanted, UnavailableReason.NOT_PRODUCED, "there is none")),
                List.of());
        course.take(gone);
        course.take(gone);

        assertThat(course.types()).containsOnlyOnce("artifact.unavailable");
        RunEvent.OfMissingArtifact body =
                (RunEvent.OfMissingArtifact) course.events.getLast().body();
        assertThat(body.reason().wireName()).isEqualTo("not_produced");
        assertThat(course.events.getLast().runId()).isEqualTo(99);
    }

    @Test
    void an_artifact_that_nobody_wanted_is_not_told_of() {
        collecting();
        WantedArtifact other = new WantedArtifact("other.json", null);

        course.take(new Input.ArtifactsCollected(
                "c1",
                List.of(new StoredArtifact(other, "file:/x", 1L, "00".repeat(32), null, ArtifactContent.NONE)),
                List.of(new Input.ArtifactsCollected.Unavailable(other, UnavailableReason.NOT_PRODUCED, "none")),
                RunSamples.notYet(List.of(new WantedArtifact("manifest.json", null), other))));

        assertThat(course.types()).noneMatch(type -> type.startsWith("artifact."));
        assertThat(((RunState.Collecting) course.entry("c1").state()).remaining())
                .containsExactly(new WantedArtifact("manifest.json", null));
    }

    @Test
    void a_fault_before_a_run_ends_the_command_without_one() {
        course.take(commanded(trigger(new JobSelector.ById(7))));

        course.take(new Input.InternalFault("c1", "a fault"));

        assertThat(ofRun(course.events.getLast()).reason()).isEqualTo("internal");
        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    private void unclear() {
        course.take(commanded(trigger(new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), null));
        course.take(new Input.StartFailed("c1", 1, new CallFailure.Unclear("read time-out")));
    }

    private void following() {
        course.take(commanded(trigger(new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), null));
        course.take(new Input.Started("c1", 1, run(Known.QUEUED)));
    }

    private void cancelling() {
        following();
        course.pass(Duration.ofHours(24));
        course.take(new Input.RunObserved("c1", run(Known.RUNNING)));
        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Cancelling.class);
    }

    private List<WantedArtifact> collecting() {
        following();
        course.take(RunSamples.ended("c1", run(Known.SUCCESS)));
        return course.lastAction(Action.CollectArtifacts.class).artifacts();
    }
}

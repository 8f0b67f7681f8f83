package org.dbtrelay.run.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.run.decide.RunSamples.BY_NAMES;
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
import org.dbtrelay.run.job.SampleRun;
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
    void aWaitingCommandThatIsNotDueYetWaitsOnAfterARestart() {
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
    void backOffDoublesFromASecondToAMinute() {
        course.take(commanded(trigger(new JobSelector.ById(7))));
        for (int failure = 0, seconds = 1; failure < 8; failure++, seconds = Math.min(60, 2 * seconds)) {
            course.fail("c1", Action.ReserveStart.class, new CallFailure.NotSent("refused"));
            assertThat(course.lastAction(Action.SetTimer.class).at()).isEqualTo(course.now.plusSeconds(seconds));
        }
    }

    @Test
    void aPermitForAJobThatIsNotKnownYetStartsNothing() {
        course.take(commanded(trigger(BY_NAMES)));

        assertThat(course.take(new Input.StartReserved("c1", new StartCall.Trigger(), null)))
                .isEqualTo(Decision.NOTHING);
    }

    @Test
    void aJobThatIsFoundTwiceIsFoundOnce() {
        course.take(commanded(trigger(BY_NAMES)));
        course.take(new Input.JobFound("c1", new JobDetails(7, 1, 2, 3, "j", false, false, null)));
        assertThat(course.lastAction(Action.ReserveStart.class).jobId()).isEqualTo(7);
        assertThat(course.entry("c1").openCommand().jobName()).isEqualTo("j");

        assertThat(course.take(new Input.JobFound("c1", new JobDetails(8, 1, 2, 3, "j", false, false, null))))
                .isEqualTo(Decision.NOTHING);
    }

    @Test
    void aCommandWhoseTimeIsOverBeforeARunIsAbandoned() {
        course.take(commanded(trigger(new JobSelector.ById(7))));
        course.pass(Duration.ofHours(24));

        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), null));

        assertThat(ofRun(course.events.getLast()).reason()).isEqualTo("deadline");
        assertThat(course.events.getLast().runId()).isNull();
        assertThat(course.events.getLast().jobId()).isEqualTo(7);
    }

    @Test
    void aCommandWhoseTimeIsOverWhileItIsInDoubtIsNotStartedAgain() {
        unclear();
        course.pass(Duration.ofHours(24));

        course.take(new Input.SearchResult("c1", 1, course.now, null));

        assertThat(ofRun(course.events.getLast()).reason()).isEqualTo("deadline");
    }

    @Test
    void aJobThatDbtCloudDoesNotKnowRejects() {
        course.take(commanded(trigger(new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), null));

        course.take(new Input.StartFailed("c1", 1, new CallFailure.NotFound("404")));

        assertThat(ofCommand(course.events.getLast()).reason()).isEqualTo(RejectReason.JOB_NOT_FOUND);
        assertThat(ofCommand(course.events.getLast()).reason().wireName()).isEqualTo("job_not_found");
    }

    @Test
    void theLastSearchIsWhenTheWaitIsOverAndNotBefore() {
        unclear();
        course.pass(Duration.ofSeconds(154));
        course.take(new Input.SearchResult("c1", 1, course.now, null));

        assertThat(course.lastAction(Action.SetTimer.class).at()).isEqualTo(course.now.plusSeconds(1));
    }

    @Test
    void aSearchThatTookLongerThanWhatWasLeftIsFollowedByAnotherAtOnce() {
        unclear();
        Instant begun = course.now;
        course.pass(Duration.ofSeconds(200));

        course.take(new Input.SearchResult("c1", 1, begun, null));

        assertThat(course.lastAction(Action.SetTimer.class).at()).isEqualTo(course.now);
    }

    @Test
    void theAnswerThatComesAfterAllEndsTheDoubt() {
        unclear();

        course.take(new Input.Started("c1", 2, run(Known.QUEUED)));
        assertThat(course.entry("c1").state()).as("another attempt's").isInstanceOf(RunState.Searching.class);
        course.take(new Input.Started("c1", 1, run(Known.QUEUED)));

        assertThat(ofRun(course.events.getLast()).adopted()).isFalse();
    }

    @Test
    void aRestartAsksAgainForWhatIsToBeCancelled() {
        cancelling();

        course.take(new Input.Restored("c1"));

        assertThat(course.lastAction(Action.CancelRun.class).runId()).isEqualTo(99);
    }

    @Test
    void aCancellationWithoutEffectIsAskedForAgainAfterAMinute() {
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
    void aCancellationThatFailedIsAskedForAgainAfterABackOff() {
        cancelling();
        course.fail("c1", Action.CancelRun.class, new CallFailure.Unclear("reset"));
        assertThat(course.lastAction(Action.SetTimer.class).at()).isEqualTo(course.now.plusSeconds(2));
        assertThat(course.take(new Input.TimerFired("c1"))).as("too early").isEqualTo(Decision.NOTHING);
        course.pass(INTERVAL);

        course.take(new Input.TimerFired("c1"));

        assertThat(course.lastAction(Action.CancelRun.class).runId()).isEqualTo(99);
    }

    @Test
    void aRunThatIsCancelledAndSeemsNotToHaveEndedIsPolledAgain() {
        cancelling();

        course.take(RunSamples.ended("c1", run(Known.RUNNING)));

        assertThat(course.lastAction(Action.SchedulePoll.class).due()).isEqualTo(course.now.plus(INTERVAL));
        course.take(new Input.RunNotFound("c1", 99));
        assertThat(course.lastAction(Action.SchedulePoll.class).due()).isEqualTo(course.now.plus(INTERVAL));
    }

    @Test
    void whatConcernsAnotherRunIsNoNews() {
        following();
        RunSnapshot other = SampleRun.of(98).status(Known.SUCCESS).build();

        assertThat(course.take(new Input.RunObserved("c1", other))).isEqualTo(Decision.NOTHING);
        assertThat(course.take(RunSamples.ended("c1", other))).isEqualTo(Decision.NOTHING);
        assertThat(course.take(new Input.RunNotFound("c1", 98))).isEqualTo(Decision.NOTHING);
        cancelling();
        assertThat(course.take(new Input.RunObserved("c1", other))).isEqualTo(Decision.NOTHING);
        assertThat(course.take(RunSamples.ended("c1", other))).isEqualTo(Decision.NOTHING);
    }

    @Test
    void aYoungRunThatIsNotSeenIsNoNews() {
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
    void aRunWithoutATimeOfCreationCanBeMissedAtOnce() {
        course.take(commanded(trigger(new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), null));
        course.take(new Input.Started("c1", 1, run(Known.QUEUED, null, null)));

        course.take(new Input.RunNotFound("c1", 99));

        assertThat(((RunState.Following) course.entry("c1").state()).missingSince())
                .isEqualTo(course.now);
    }

    @Test
    void aRunThatIsSeenAgainIsNotMissedAnyMore() {
        following();
        course.pass(Duration.ofMinutes(2));
        course.take(new Input.RunNotFound("c1", 99));
        course.pass(Duration.ofMinutes(14));
        course.take(new Input.RunObserved("c1", run(Known.QUEUED)));
        course.pass(Duration.ofMinutes(14));

        course.take(new Input.RunNotFound("c1", 99));
        assertThat(course.take(new Input.JobFound("c1", new JobDetails(7, 1, 2, 3, "j", false, false, null))))
                .isEqualTo(Decision.NOTHING);

        assertThat(course.types()).doesNotContain("run.abandoned");
    }

    @Test
    void aRestartPollsTheRunAtOnce() {
        following();

        Decision restored = course.take(new Input.Restored("c1"));

        assertThat(restored.changes()).isFalse();
        assertThat(course.lastAction(Action.SchedulePoll.class).due()).isEqualTo(course.now);
        assertThat(course.lastAction(Action.SetTimer.class).at())
                .isEqualTo(course.entry("c1").openCommand().options().deadline());
    }

    @Test
    void anEndThatIsNoneIsALook() {
        following();

        course.take(RunSamples.ended("c1", run(Known.RUNNING)));

        assertThat(course.types()).containsExactly("command.accepted", "run.queued", "run.running");
    }

    @Test
    void anEndTellsOfTheStatusBeforeItOnlyIfThatWasAnother() {
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
    void aCommandThatWantsNoArtifactsIsOverWithItsRun() {
        course.take(commanded(RunSamples.command(
                "c1", RunSamples.job(7), new RequestedOptions(null, null, null, null, null, List.of()))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), null));
        course.take(new Input.Started("c1", 1, run(Known.QUEUED)));

        course.take(RunSamples.ended("c1", run(Known.SUCCESS)));

        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    @Test
    void artifactsAreAskedForAgainWithGrowingGapsAndAfterARestart() {
        List<WantedArtifact> wanted = collecting();
        course.take(new Input.ArtifactsCollected("c1", course.now, List.of(), List.of(), RunSamples.notYet(wanted)));
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
    void whatTheLastAnswerSaidIsToldWhenPatienceIsOver() {
        WantedArtifact wanted = collecting().getFirst();
        List<Input.ArtifactsCollected.Unavailable> full = List.of(
                new Input.ArtifactsCollected.Unavailable(wanted, UnavailableReason.STORE_FAILED, "no space left"));
        course.take(new Input.ArtifactsCollected("c1", course.now, List.of(), List.of(), full));
        assertThat(course.types()).doesNotContain("artifact.unavailable");

        course.pass(POLICY.artifactPatience());
        course.take(new Input.ArtifactsCollected("c1", course.now, List.of(), List.of(), full));

        RunEvent.OfMissingArtifact body =
                (RunEvent.OfMissingArtifact) course.events.getLast().body();
        assertThat(body.reason()).isEqualTo(UnavailableReason.STORE_FAILED);
        assertThat(body.message()).isEqualTo("tried until relay.artifacts.patience (PT5M) was over: no space left");
    }

    @Test
    void aCallThatFailedLastIsToldWhenPatienceIsOver() {
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
    void anArtifactThatWillNotComeIsToldOfOnce() {
        WantedArtifact wanted = collecting().getFirst();
        Input gone = new Input.ArtifactsCollected(
                "c1",
                course.now,
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
    void anArtifactThatNobodyWantedIsNotToldOf() {
        collecting();
        WantedArtifact other = new WantedArtifact("other.json", null);

        course.take(new Input.ArtifactsCollected(
                "c1",
                course.now,
                List.of(new StoredArtifact(other, "file:/x", 1L, "00".repeat(32), null, ArtifactContent.NONE)),
                List.of(new Input.ArtifactsCollected.Unavailable(other, UnavailableReason.NOT_PRODUCED, "none")),
                RunSamples.notYet(List.of(new WantedArtifact("manifest.json", null), other))));

        assertThat(course.types()).noneMatch(type -> type.startsWith("artifact."));
        assertThat(((RunState.Collecting) course.entry("c1").state()).remaining())
                .containsExactly(new WantedArtifact("manifest.json", null));
    }

    @Test
    void aFaultBeforeARunEndsTheCommandWithoutOne() {
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

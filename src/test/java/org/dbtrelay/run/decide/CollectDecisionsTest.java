package org.dbtrelay.run.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.run.decide.RunSamples.anything;
import static org.dbtrelay.run.decide.RunSamples.commanded;
import static org.dbtrelay.run.decide.RunSamples.ofRun;
import static org.dbtrelay.run.decide.RunSamples.policy;
import static org.dbtrelay.run.decide.RunSamples.run;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dbtrelay.run.command.ArtifactWish;
import org.dbtrelay.run.command.RequestedOptions;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.FailedNode;
import org.dbtrelay.run.job.JobRunStatus.Known;
import org.dbtrelay.run.job.RunEnd;
import org.dbtrelay.run.job.RunEnd.Part;
import org.dbtrelay.run.job.RunFailure;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.RunStep;
import org.dbtrelay.run.job.UnavailableReason;
import org.dbtrelay.run.job.WantedArtifact;
import org.dbtrelay.run.state.StartCall;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is told of an end when its details are late, and how long artifacts and details are waited for. */
class CollectDecisionsTest {

    private static final RunSnapshot FAILED = run(Known.ERROR);
    private static final RunStep BUILD = new RunStep(4, "build", Known.ERROR, true, "dbt build", "ERROR=1\n");
    private static final RunFailure FULL =
            new RunFailure(BUILD, List.of(new FailedNode("model.a", "error", "no such column")));
    private static final RunFailure WITHOUT_NODES = new RunFailure(BUILD, List.of());
    private static final WantedArtifact MANIFEST = new WantedArtifact("manifest.json", 4);
    private static final CallFailure SHUT_OUT = new CallFailure.Limited("shut out", Duration.ofMinutes(5));

    private Course course;

    @BeforeEach
    void follow() {
        begin(RequestedOptions.NONE);
    }

    private void begin(RequestedOptions requested) {
        course = new Course(policy(anything()));
        course.take(commanded(RunSamples.command("c1", RunSamples.job(7), requested)));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), null));
        course.take(new Input.Started("c1", 1, run(Known.RUNNING)));
        course.take(new Input.RunObserved("c1", FAILED));
    }

    private static RunEnd lacking(RunFailure failure, CallFailure trouble, Part... missing) {
        return new RunEnd(FAILED, List.of(BUILD), failure, Set.of(missing), trouble);
    }

    private void ends(RunEnd end) {
        course.take(new Input.RunEnded("c1", end));
    }

    private Action.ExplainEnd explain() {
        return course.lastAction(Action.ExplainEnd.class);
    }

    /** Lets the time come at which it is asked for again, and answers. */
    private void explained(Action.ExplainEnd asked, RunEnd end) {
        course.now = asked.due().isAfter(course.now) ? asked.due() : course.now;
        course.take(new Input.EndExplained("c1", asked.attempt(), course.now, end));
    }

    private void artifactsSettled(WantedArtifact wanted) {
        course.take(new Input.ArtifactsCollected(
                "c1",
                course.now,
                List.of(),
                List.of(new Input.ArtifactsCollected.Unavailable(wanted, UnavailableReason.NOT_PRODUCED, "none")),
                List.of()));
    }

    @Test
    void aFailureOfWhichAllIsKnownIsToldAtOnceAndNotExplainedLater() {
        ends(RunEnd.complete(FAILED, List.of(BUILD), FULL));

        assertThat(ofRun(course.events.getLast()).failure()).isEqualTo(FULL);
        assertThat(course.lastActions()).noneMatch(Action.ExplainEnd.class::isInstance);
        artifactsSettled(MANIFEST);
        assertThat(course.entry("c1").unfinished()).isFalse();
        assertThat(course.types()).doesNotContain("run.failure_explained");
    }

    /** A step that was cut leaves no file; of a run that succeeded an older file is its step's all the same. */
    @Test
    void theCollectionOfARunThatDidNotSucceedKnowsWhenItsStepsBegan() {
        Instant at = Instant.parse("2026-11-22T10:00:00Z");
        RunStep build = new RunStep(4, "build", Known.ERROR, true, "dbt build", "ERROR=1\n", at, List.of());
        ends(RunEnd.complete(FAILED, List.of(build), new RunFailure(build, FULL.nodes())));
        assertThat(course.lastAction(Action.CollectArtifacts.class).begun()).isEqualTo(Map.of(4, at));
    }

    @Test
    void theCollectionOfARunThatSucceededTakesAnyFileOfItsSteps() {
        RunStep build = new RunStep(
                4, "build", Known.SUCCESS, true, "dbt build", "", Instant.parse("2026-11-22T10:00:00Z"), List.of());
        ends(RunEnd.complete(run(Known.SUCCESS), List.of(build), null));
        assertThat(course.lastAction(Action.CollectArtifacts.class).begun()).isEmpty();
    }

    /** dbt Cloud answers all the time, and names no steps: its default is asked for once, and not waited for. */
    @Test
    void artifactsOfARunWhoseStepsNeverComeAreThoseOfItsLastStep() {
        ends(RunEnd.unread(FAILED, null));
        assertThat(course.lastActions()).noneMatch(Action.CollectArtifacts.class::isInstance);
        while (!course.lastActions().stream().anyMatch(Action.CollectArtifacts.class::isInstance)) {
            explained(explain(), RunEnd.unread(FAILED, null));
        }
        Action.CollectArtifacts collect = course.lastAction(Action.CollectArtifacts.class);
        assertThat(collect.artifacts()).containsExactly(new WantedArtifact("manifest.json", null));
        WantedArtifact wanted = collect.artifacts().getFirst();
        course.take(new Input.ArtifactsCollected(
                "c1", course.now, List.of(RunSamples.stored(wanted)), List.of(), List.of()));
        assertThat(course.events.getLast().type()).isEqualTo(EventType.ARTIFACT_READY);
        assertThat(course.entry("c1").unfinished()).isFalse();
        assertThat(course.types()).doesNotContain("run.failure_explained");
    }

    @Test
    void anArtifactOfTheOtherStepIsTheOneThatWasWanted() {
        begin(new RequestedOptions(null, null, null, null, null, RunSamples.requested("catalog.json")));
        RunStep docs = new RunStep(5, "docs", Known.SUCCESS, true, "dbt docs generate", "");
        ends(RunEnd.complete(FAILED, List.of(BUILD, docs), FULL));
        assertThat(course.lastAction(Action.CollectArtifacts.class).artifacts())
                .containsExactly(new WantedArtifact("catalog.json", 5, 4));
        course.take(new Input.ArtifactsCollected(
                "c1",
                course.now,
                List.of(RunSamples.stored(new WantedArtifact("catalog.json", 4))),
                List.of(),
                List.of()));
        assertThat(course.events.getLast().type()).isEqualTo(EventType.ARTIFACT_READY);
        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    /** Simulation, seed 310: it failed before its first step, which is no more than the event of its end told. */
    @Test
    void aFailureWithoutAStepIsNotExplained() {
        ends(RunEnd.unread(FAILED, SHUT_OUT));
        explained(explain(), RunEnd.complete(FAILED, List.of(), new RunFailure(null, List.of())));
        assertThat(course.types()).doesNotContain("run.failure_explained");
    }

    /** The nodes that the log named were told with the end. */
    @Test
    void nodesThatOnlyTheLogHasAreNotToldTwice() {
        RunFailure logged = new RunFailure(
                BUILD, List.of(new FailedNode("model.a", "error", null, null, null, null, FailedNode.Source.LOG)));
        ends(lacking(logged, null, Part.NODES));
        explained(explain(), RunEnd.complete(FAILED, List.of(BUILD), logged));
        assertThat(course.types()).doesNotContain("run.failure_explained");
    }

    @Test
    void whatIsMissingIsAskedForUntilItIsThereAndToldOnce() {
        ends(lacking(WITHOUT_NODES, null, Part.NODES));
        assertThat(ofRun(course.events.getLast()).failure()).isEqualTo(WITHOUT_NODES);
        Action.ExplainEnd first = explain();
        assertThat(first.due()).isEqualTo(course.now.plusSeconds(1));

        explained(first, lacking(WITHOUT_NODES, null, Part.NODES));
        Action.ExplainEnd second = explain();
        assertThat(second.due()).isEqualTo(course.now.plusSeconds(1));
        explained(second, RunEnd.complete(FAILED, List.of(BUILD), FULL));

        RunEvent told = course.events.getLast();
        assertThat(told.type()).isEqualTo(EventType.RUN_FAILURE_EXPLAINED);
        assertThat(ofRun(told).failure()).isEqualTo(FULL);
        assertThat(told.runId()).isEqualTo(99);
        assertThat(course.take(
                        new Input.EndExplained("c1", 1, course.now, RunEnd.complete(FAILED, List.of(BUILD), FULL))))
                .as("a second answer")
                .isEqualTo(Decision.NOTHING);
        artifactsSettled(MANIFEST);
        assertThat(course.types())
                .containsExactly(
                        "command.accepted",
                        "run.running",
                        "run.failed",
                        "run.failure_explained",
                        "artifact.unavailable");
        assertThat(course.sequences()).containsExactly(0, 1, 2, 3, 4);
        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    @Test
    void whatIsWantedOfAStepThatTheRunDoesNotHaveIsToldAtOnce() {
        ArtifactWish there = new ArtifactWish("manifest.json", 4);
        ArtifactWish nowhere = new ArtifactWish("manifest.json", 9);
        begin(new RequestedOptions(null, null, null, null, null, List.of(there, nowhere)));
        ends(RunEnd.complete(FAILED, List.of(BUILD), FULL));

        assertThat(course.types()).endsWith("run.failed", "artifact.unavailable");
        assertThat(course.events.getLast().body())
                .isEqualTo(new RunEvent.OfMissingArtifact(
                        new WantedArtifact("manifest.json", 9),
                        UnavailableReason.NOT_PRODUCED,
                        "the run has no step 9; it has 1"));
        assertThat(course.lastAction(Action.CollectArtifacts.class).artifacts()).containsExactly(MANIFEST);
        artifactsSettled(MANIFEST);
        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    @Test
    void suchAOneIsToldWithTheStepsThatComeLate() {
        begin(new RequestedOptions(null, null, null, null, null, List.of(new ArtifactWish("manifest.json", 9))));
        ends(lacking(null, SHUT_OUT, Part.STEPS));
        assertThat(course.types()).endsWith("run.failed");

        explained(explain(), RunEnd.complete(FAILED, List.of(BUILD), FULL));

        assertThat(course.types()).endsWith("run.failed", "artifact.unavailable", "run.failure_explained");
        assertThat(course.lastActions()).noneMatch(Action.CollectArtifacts.class::isInstance);
        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    @Test
    void artifactsCanBeToldBeforeTheExplanation() {
        ends(lacking(WITHOUT_NODES, null, Part.NODES));
        Action.ExplainEnd asked = explain();
        artifactsSettled(MANIFEST);
        assertThat(course.entry("c1").unfinished()).isTrue();

        explained(asked, RunEnd.complete(FAILED, List.of(BUILD), FULL));

        assertThat(course.types()).endsWith("artifact.unavailable", "run.failure_explained");
        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    @Test
    void aFailureWithoutArtifactsIsExplainedAsWell() {
        Course other = new Course(policy(anything()));
        other.take(commanded(RunSamples.command(
                "c1", RunSamples.job(7), new RequestedOptions(null, null, null, null, null, List.of()))));
        other.take(new Input.StartReserved("c1", new StartCall.Trigger(), null));
        other.take(new Input.Started("c1", 1, run(Known.RUNNING)));
        other.take(new Input.RunEnded("c1", lacking(WITHOUT_NODES, null, Part.NODES)));
        assertThat(other.entry("c1").unfinished()).isTrue();
        assertThat(other.take(new Input.TimerFired("c1"))).isEqualTo(Decision.NOTHING);

        other.take(new Input.EndExplained("c1", 0, course.now, RunEnd.complete(FAILED, List.of(BUILD), FULL)));

        assertThat(other.types()).endsWith("run.failed", "run.failure_explained");
        assertThat(other.entry("c1").unfinished()).isFalse();
    }

    @Test
    void aCrashForgetsNoExplanationThatIsOwed() {
        ends(lacking(WITHOUT_NODES, null, Part.NODES));

        course.take(new Input.Restored("c1"));

        assertThat(explain().due()).isEqualTo(course.now);
        assertThat(course.lastAction(Action.CollectArtifacts.class).artifacts()).containsExactly(MANIFEST);
        Action.ExplainEnd asked = explain();
        explained(asked, RunEnd.complete(FAILED, List.of(BUILD), FULL));
        explained(asked, RunEnd.complete(FAILED, List.of(BUILD), FULL));
        assertThat(course.types()).containsOnlyOnce("run.failure_explained");
    }

    @Test
    void anEndWhoseStepsCouldNotBeReadIsToldAllTheSameAndTheRestFollows() {
        ends(RunEnd.unread(FAILED, SHUT_OUT));

        assertThat(course.types()).endsWith("run.failed");
        assertThat(ofRun(course.events.getLast()).failure()).isNull();
        assertThat(course.lastActions())
                .as("no step is known to ask for")
                .hasOnlyElementsOfTypes(Action.ExplainEnd.class, Action.SetTimer.class);
        assertThat(course.take(new Input.TimerFired("c1"))).isEqualTo(Decision.NOTHING);
        Action.ExplainEnd asked = explainAfter(() -> course.take(new Input.Restored("c1")));

        explained(asked, lacking(WITHOUT_NODES, null, Part.NODES));
        assertThat(course.lastAction(Action.CollectArtifacts.class).artifacts()).containsExactly(MANIFEST);
        explained(explain(), RunEnd.complete(FAILED, List.of(BUILD), FULL));
        assertThat(course.types()).endsWith("run.failed", "run.failure_explained");
        artifactsSettled(MANIFEST);
        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    private Action.ExplainEnd explainAfter(Runnable what) {
        what.run();
        return explain();
    }

    @Test
    void ofAGoodEndOnlyTheStepsOfItsArtifactsAreAskedFor() {
        RunSnapshot good = run(Known.SUCCESS);
        ends(RunEnd.unread(good, SHUT_OUT));
        assertThat(course.types()).endsWith("run.succeeded");

        RunStep build = new RunStep(4, "build", Known.SUCCESS, true, "dbt build", "");
        explained(explain(), RunEnd.complete(good, List.of(build), null));

        assertThat(course.types()).doesNotContain("run.failure_explained");
        assertThat(course.lastAction(Action.CollectArtifacts.class).artifacts()).containsExactly(MANIFEST);
    }

    @Test
    void aRunThatDbtCloudsTimeOutEndedIsExplainedToo() {
        RunSnapshot cut = run(Known.CANCELLED, "This run timed out after running for 1 day", course.now);
        ends(new RunEnd(cut, List.of(BUILD), WITHOUT_NODES, Set.of(Part.NODES), null));
        assertThat(course.types()).endsWith("run.cancelled");

        explained(explain(), new RunEnd(cut, List.of(BUILD), FULL, Set.of(), null));

        assertThat(course.types()).endsWith("run.failure_explained");
        assertThat(ofRun(course.events.getLast()).reason()).isEqualTo("timed_out");
    }

    @Test
    void aRunThatAPersonCancelledIsNotExplained() {
        RunSnapshot cut = run(Known.CANCELLED, "Cancelled by user.", course.now);

        ends(new RunEnd(cut, List.of(BUILD), null, Set.of(), null));

        assertThat(course.lastActions()).noneMatch(Action.ExplainEnd.class::isInstance);
    }

    @Test
    void whatNeverComesIsGivenUpWhenPatienceIsOverAndNothingIsToldTwice() {
        ends(lacking(WITHOUT_NODES, null, Part.NODES));
        Action.ExplainEnd asked = explain();
        artifactsSettled(MANIFEST);
        Instant begun = course.now;

        while (course.entry("c1").unfinished()) {
            explained(asked, lacking(WITHOUT_NODES, null, Part.NODES));
            asked = course.entry("c1").unfinished() ? explain() : asked;
        }

        assertThat(course.now).isBetween(begun.plus(Duration.ofMinutes(5)), begun.plus(Duration.ofMinutes(6)));
        assertThat(course.types()).doesNotContain("run.failure_explained");
    }

    @Test
    void anExplanationLacksNothingThatWasToldWithTheEnd() {
        ends(lacking(FULL, null, Part.LOG));
        Action.ExplainEnd asked = explain();
        artifactsSettled(MANIFEST);
        while (course.now.isBefore(course.events.getFirst().observedAt().plus(Duration.ofMinutes(6)))) {
            explained(asked, lacking(WITHOUT_NODES, null, Part.NODES));
            asked = explain();
        }
        assertThat(course.types()).as("longer than patience").doesNotContain("run.failure_explained");

        explained(asked, RunEnd.complete(FAILED, List.of(BUILD), FULL));

        assertThat(course.types()).endsWith("run.failure_explained");
        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    @Test
    void whatCameInPartIsToldWhenPatienceIsOver() {
        ends(new RunEnd(FAILED, List.of(BUILD), WITHOUT_NODES, Set.of(Part.NODES, Part.LOG), null));
        Action.ExplainEnd asked = explain();
        artifactsSettled(MANIFEST);
        while (course.now.isBefore(course.events.getFirst().observedAt().plus(Duration.ofMinutes(5)))) {
            assertThat(course.types()).doesNotContain("run.failure_explained");
            explained(asked, lacking(WITHOUT_NODES, null, Part.NODES));
            asked = course.entry("c1").unfinished() ? explain() : asked;
        }

        assertThat(course.types()).containsOnlyOnce("run.failure_explained");
        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    @Test
    void artifactsOfARunWhoseStepsNeverCameAreGivenUpWithIt() {
        ends(RunEnd.unread(FAILED, null));
        Action.ExplainEnd asked = explain();
        while (course.entry("c1").unfinished()) {
            explained(asked, RunEnd.unread(FAILED, new CallFailure.NotFound("404")));
            asked = course.entry("c1").unfinished() ? explain() : asked;
        }

        assertThat(course.types()).endsWith("run.failed", "artifact.unavailable");
        RunEvent.OfMissingArtifact body =
                (RunEvent.OfMissingArtifact) course.events.getLast().body();
        assertThat(body.reason()).isEqualTo(UnavailableReason.NOT_FOUND_IN_TIME);
        assertThat(body.message()).endsWith(": 404");
    }

    /** Asks for the manifest as the machine says until it is there, or given up; answers when it was asked last. */
    private Duration collectUntil(Duration saved) {
        ends(RunEnd.complete(FAILED, List.of(BUILD), FULL));
        Instant begun = course.now;
        while (true) {
            if (!course.now.isBefore(begun.plus(saved))) {
                course.take(new Input.ArtifactsCollected(
                        "c1", course.now, List.of(RunSamples.stored(MANIFEST)), List.of(), List.of()));
                return Duration.between(begun, course.now);
            }
            course.take(new Input.ArtifactsCollected(
                    "c1", course.now, List.of(), List.of(), RunSamples.notYet(List.of(MANIFEST))));
            if (!course.entry("c1").unfinished()) {
                return Duration.between(begun, course.now);
            }
            course.now = course.lastAction(Action.SetTimer.class).at();
            course.take(new Input.TimerFired("c1"));
            assertThat(course.lastAction(Action.CollectArtifacts.class).artifacts())
                    .containsExactly(MANIFEST);
        }
    }

    @Test
    void anArtifactThatComesAfterASecondIsToldOfThen() {
        assertThat(collectUntil(Duration.ofSeconds(1))).isEqualTo(Duration.ofSeconds(1));
        assertThat(course.types()).endsWith("artifact.ready");
    }

    @Test
    void anArtifactThatComesAfterHalfAMinuteIsToldOfSoonAfter() {
        assertThat(collectUntil(Duration.ofSeconds(30))).isEqualTo(Duration.ofSeconds(31));
        assertThat(course.types()).endsWith("artifact.ready");
    }

    @Test
    void anArtifactThatNeverComesIsGivenUpAfterFiveMinutes() {
        assertThat(collectUntil(Duration.ofDays(1))).isBetween(Duration.ofMinutes(5), Duration.ofMinutes(6));
        assertThat(course.types()).endsWith("artifact.unavailable");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void timeWithoutDbtCloudIsNotCounted(boolean limited) {
        CallFailure failure = limited ? SHUT_OUT : new CallFailure.Suspended("token refused", 401);
        ends(RunEnd.complete(FAILED, List.of(BUILD), FULL));
        Instant begun = course.now;
        // Four minutes are over when the lock-out begins, which takes seven.
        course.pass(Duration.ofMinutes(4));
        course.take(new Input.ArtifactsCollected(
                "c1", course.now, List.of(), List.of(), RunSamples.notYet(List.of(MANIFEST))));
        while (course.now.isBefore(begun.plus(Duration.ofMinutes(11)))) {
            course.now = course.lastAction(Action.SetTimer.class).at();
            course.fail("c1", Action.CollectArtifacts.class, failure);
        }
        course.pass(Duration.ofSeconds(30));
        course.take(new Input.ArtifactsCollected(
                "c1", course.now, List.of(), List.of(), RunSamples.notYet(List.of(MANIFEST))));
        assertThat(course.entry("c1").unfinished()).as("half a minute is left").isTrue();

        course.pass(Duration.ofSeconds(30));
        course.take(new Input.ArtifactsCollected(
                "c1", course.now, List.of(RunSamples.stored(MANIFEST)), List.of(), List.of()));
        assertThat(course.types()).endsWith("artifact.ready");
    }

    @Test
    void nothingIsWaitedForForEver() {
        ends(lacking(WITHOUT_NODES, null, Part.NODES));
        Action.ExplainEnd asked = explain();
        Instant begun = course.now;
        for (int i = 0; i < 1_000 && course.entry("c1").unfinished(); i++) {
            course.pass(Duration.ofMinutes(1));
            course.fail("c1", Action.CollectArtifacts.class, SHUT_OUT);
            if (course.entry("c1").unfinished()) {
                course.take(new Input.EndExplained("c1", asked.attempt(), course.now, RunEnd.unread(FAILED, SHUT_OUT)));
                asked = course.entry("c1").unfinished() ? explain() : asked;
            }
        }

        assertThat(course.entry("c1").unfinished()).isFalse();
        assertThat(course.now).isBetween(begun.plus(Duration.ofMinutes(65)), begun.plus(Duration.ofMinutes(67)));
        assertThat(course.types()).endsWith("artifact.unavailable");
    }

    @Test
    void whatWasThereAndCannotBeReadJustWhenPatienceIsOverIsAskedForOnceMore() {
        ends(lacking(WITHOUT_NODES, null, Part.NODES, Part.LOG));
        Action.ExplainEnd asked = explain();
        explained(asked, lacking(WITHOUT_NODES, null, Part.NODES));
        artifactsSettled(MANIFEST);
        course.pass(Duration.ofMinutes(6));
        course.take(
                new Input.EndExplained("c1", 1, course.now, RunEnd.unread(FAILED, new CallFailure.Unclear("reset"))));
        assertThat(course.entry("c1").unfinished()).isTrue();

        course.take(new Input.EndExplained("c1", 2, course.now, lacking(WITHOUT_NODES, null, Part.NODES)));

        assertThat(course.types()).endsWith("run.failure_explained");
        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    /** With a spent budget an answer can take as long as the patience: what came meanwhile came in time. */
    @Test
    void anAnswerFromBeforePatienceWasOverIsNotTheLast() {
        ends(lacking(WITHOUT_NODES, null, Part.NODES));
        Action.ExplainEnd early = explain();
        artifactsSettled(MANIFEST);
        Instant begun = early.due();
        course.pass(Duration.ofMinutes(6));
        course.take(new Input.EndExplained("c1", early.attempt(), begun, lacking(WITHOUT_NODES, null, Part.NODES)));
        assertThat(course.entry("c1").unfinished()).isTrue();
        Action.ExplainEnd last = explain();
        assertThat(last.due()).isEqualTo(course.now.plusSeconds(1));

        explained(last, RunEnd.complete(FAILED, List.of(BUILD), FULL));

        assertThat(course.types()).endsWith("run.failure_explained");
        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    @Test
    void aCollectionFromBeforePatienceWasOverIsNotTheLast() {
        ends(RunEnd.complete(FAILED, List.of(BUILD), FULL));
        Instant begun = course.now;
        course.pass(Duration.ofMinutes(6));
        Input early =
                new Input.ArtifactsCollected("c1", begun, List.of(), List.of(), RunSamples.notYet(List.of(MANIFEST)));
        course.take(early);
        assertThat(course.lastAction(Action.SetTimer.class).at()).isEqualTo(course.now.plusSeconds(1));
        course.pass(Duration.ofSeconds(1));
        course.take(new Input.TimerFired("c1"));
        course.lastAction(Action.CollectArtifacts.class);
        course.take(new Input.ArtifactsCollected(
                "c1", course.now, List.of(RunSamples.stored(MANIFEST)), List.of(), List.of()));

        assertThat(course.types()).endsWith("artifact.ready");
    }

    /** The pauses grow all the same: a refusal that lasts must not be asked for every second. */
    @Test
    void refusalsAfterPatienceAreNotAskedForEverySecond() {
        ends(lacking(WITHOUT_NODES, null, Part.NODES));
        Action.ExplainEnd asked = explain();
        artifactsSettled(MANIFEST);
        explained(asked, lacking(WITHOUT_NODES, null, Part.NODES));
        course.pass(Duration.ofMinutes(5));
        int reads = 0;
        for (Instant end = course.now.plus(Duration.ofMinutes(2));
                course.entry("c1").unfinished() && course.now.isBefore(end);
                reads++) {
            asked = explain();
            Instant begun = asked.due().isAfter(course.now) ? asked.due() : course.now;
            course.now = begun.plusMillis(50);
            course.take(new Input.EndExplained("c1", asked.attempt(), begun, RunEnd.unread(FAILED, SHUT_OUT)));
        }
        assertThat(reads).isLessThan(10);
    }
}

package org.dbtrelay.lineage.follow;

import static org.dbtrelay.metrics.RelayLog.pair;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.dbtrelay.artifact.Interruption;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.runs.RunWithSteps;
import org.dbtrelay.lineage.follow.RunArtifacts.Patience;
import org.dbtrelay.lineage.tell.RunLineage;
import org.dbtrelay.lineage.tell.Step;
import org.dbtrelay.lineage.tell.StepLineage;
import org.dbtrelay.lineage.tell.ToldRun;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.job.CallFailure;
import org.jspecify.annotations.Nullable;

/** Tells of the steps of one run. It begins again, where it was, as long as something may be had later. */
final class StepsTelling {

    private static final RelayLog LOG = RelayLog.of(StepsTelling.class);

    private static final Duration FIRST_PAUSE = Duration.ofSeconds(2);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);

    /** So often an artifact that is there is tried to be read before the relay does without it. */
    private static final int LAST_TRIES = 5;

    private static final String RESULTS = "run_results.json";

    private enum Outcome {
        /** All is told. */
        DONE,
        /** Something may be had later. */
        LATER,
        /** dbt Cloud cannot be asked at all. */
        CUT_OFF,
        /** dbt Cloud does not know the run. */
        GONE,
        /** Events were not taken, and are now. */
        NOT_TAKEN
    }

    private final RunTelling all;
    private final DbtCloudClient client;
    private final ToldRun run;
    private final Consumer<Note> notes;
    private Note note;
    private Patience hope = Patience.WAITING;

    /** The artifacts that are given up, by step and path. */
    private final Set<String> without = new HashSet<>();

    /** How often what is there could not be read, since there is no hope that it will soon. */
    private final Map<String, Integer> lastTries = new HashMap<>();

    /** The artifact with which a try has ended, by step and path; null: it ended with the run itself. */
    private @Nullable String failing;

    private StepsTelling(RunTelling all, DbtCloudClient client, ToldRun run, Note before, Consumer<Note> notes) {
        this.all = all;
        this.client = client;
        this.run = run;
        this.note = before;
        this.notes = notes;
    }

    /**
     * Tells of the steps of a run that has ended, however long dbt Cloud takes to show them.
     *
     * @param before how far it was told before
     * @param notes takes how far it is told
     */
    static void tell(RunTelling all, ToldRun run, Note before, Consumer<Note> notes) throws InterruptedException {
        Optional<DbtCloudClient> client = all.connections().find(run.connection());
        if (client.isPresent() && run.startedAt() != null) {
            all.metrics().lineageRun(new StepsTelling(all, client.get(), run, before, notes).tell());
        } else {
            // Without a start there are no steps, and of a connection that is gone nobody tells.
            all.metrics().lineageRun("told");
        }
        notes.accept(Note.ALL);
    }

    /** Returns what came of it, as a metric has it. */
    private String tell() throws InterruptedException {
        Instant hopeEnds = all.clock().instant().plus(all.patience());
        Instant end = run.observedAt().plus(all.maxAge()).plus(all.patience());
        Duration pause = FIRST_PAUSE;
        while (true) {
            Instant asked = all.clock().instant();
            switch (tryOnce()) {
                case DONE -> {
                    return without.stream().anyMatch(name -> name.endsWith(RESULTS)) ? "without_artifacts" : "told";
                }
                case LATER -> {
                    if (hope == Patience.OVER && isGivenUp()) {
                        if (failing == null) {
                            return "without_artifacts";
                        }
                        // The others may be well.
                        without.add(failing);
                        continue;
                    }
                    if (hope == Patience.WAITING && all.clock().instant().isAfter(hopeEnds)) {
                        hope = Patience.OVER;
                    }
                }
                case GONE -> {
                    return "without_artifacts";
                }
                case CUT_OFF -> {
                    // It says nothing of the run, so patience gets its time back.
                    Duration tried = Duration.between(asked, all.clock().instant());
                    hopeEnds = hopeEnds.plus(tried).plus(pause);
                }
                case NOT_TAKEN -> {
                    hopeEnds = hopeEnds.plus(Duration.between(asked, all.clock().instant()));
                    continue;
                }
            }
            if (all.clock().instant().isAfter(end)) {
                LOG.warn("The lineage of a run is given up: it is too old", pair(LogKey.RUN_ID, run.runId()));
                return "too_old";
            }
            all.monotonic().pause(pause);
            Duration next = pause.multipliedBy(2);
            pause = next.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : next;
        }
    }

    /** Whether what has failed has failed often enough. Of an artifact of several steps, that is once for all of them. */
    private boolean isGivenUp() {
        String what = failing == null ? "the run" : failing.substring(failing.indexOf('/') + 1);
        return lastTries.merge(what, 1, Integer::sum) >= LAST_TRIES;
    }

    private Outcome tryOnce() throws InterruptedException {
        try {
            return tryInPlace();
        } catch (Chunks.NotTaken e) {
            // Neither a place nor a request to dbt Cloud is held meanwhile.
            all.outlet().send(e.events());
            noted(e.then());
            return Outcome.NOT_TAKEN;
        }
    }

    private Outcome tryInPlace() throws InterruptedException {
        all.places().acquire();
        failing = null;
        try {
            RunWithSteps read = read();
            RunLineage lineage = all.lineage(client, run);
            RunArtifacts artifacts = new RunArtifacts(client, read.run(), hope, without);
            for (Step step : Steps.of(run, read.steps())) {
                if (step.index() >= note.step()) {
                    Chunks chunks = new Chunks(all.outlet(), step.index(), note, this::noted);
                    try {
                        new StepLineage(lineage, step).tell(artifacts, chunks);
                    } finally {
                        failing = artifacts.last();
                    }
                    chunks.send();
                    noted(new Note(step.index() + 1, "", 0));
                }
            }
            return Outcome.DONE;
        } catch (DbtCloudException e) {
            Interruption.rethrow(e);
            boolean isGone = e.failure() instanceof CallFailure.NotFound && hope != Patience.WAITING;
            return isGone ? Outcome.GONE : e.failure().cutsOff() ? Outcome.CUT_OFF : Outcome.LATER;
        } catch (IOException e) {
            Interruption.rethrow(e);
            LOG.debug(
                    "The lineage of a run has to wait for dbt Cloud",
                    pair(LogKey.RUN_ID, run.runId()),
                    pair(LogKey.REASON, e.getMessage()));
            return e instanceof Later later && later.isCutOff() ? Outcome.CUT_OFF : Outcome.LATER;
        } finally {
            all.places().release();
        }
    }

    private void noted(Note told) {
        note = told;
        notes.accept(told);
    }

    private RunWithSteps read() throws IOException, DbtCloudException {
        if (hope == Patience.WAITING && !all.surroundings().areKnown(client, run)) {
            throw new Later("the environments of the project are not read yet", false);
        }
        RunWithSteps read = client.runs().withSteps(run.accountId(), run.runId(), Priority.ARTIFACT);
        boolean isBehind = !read.run().status().isTerminal() || read.steps().isEmpty();
        if (isBehind && hope == Patience.WAITING) {
            throw new Later("dbt Cloud does not show the end of the run yet", false);
        }
        return read;
    }
}

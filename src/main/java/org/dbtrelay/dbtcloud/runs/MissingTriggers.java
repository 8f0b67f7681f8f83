package org.dbtrelay.dbtcloud.runs;

import static org.dbtrelay.metrics.RelayLog.pair;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.RunSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * Runs of which a list does not tell what triggered them. Each is read by itself, a few in one search. dbt Cloud tells the
 * trigger of every run that it starts for a call, so one whose trigger stays untold, while others' are told, is not
 * started by a call and is passed over after a while: it must not hold up a search for ever.
 */
final class MissingTriggers {

    private static final RelayLog LOG = RelayLog.of(MissingTriggers.class);

    /** So long a run is asked for again before it is passed over. */
    static final Duration PATIENCE = Duration.ofMinutes(2);

    /** Single reads of one search. */
    static final int MOST_READS = 20;

    private static final int REMEMBERED = 10_000;

    private record Run(long accountId, long runId) {}

    private final RunCalls lists;
    private final Monotonic monotonic;
    private final Map<Run, Long> untoldSince = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Run, Long> eldest) {
            return size() > REMEMBERED;
        }
    };

    MissingTriggers(RunCalls lists, Monotonic monotonic) {
        this.lists = lists;
        this.monotonic = monotonic;
    }

    /**
     * The runs with what dbt Cloud tells of each by itself.
     *
     * @param tellsOthers whether it tells the trigger of other runs: else nothing follows from its silence
     * @throws DbtCloudException if the cause of one cannot be told
     */
    List<RunSnapshot> readSingly(List<RunSnapshot> runs, boolean tellsOthers) throws DbtCloudException {
        List<RunSnapshot> read = new ArrayList<>();
        @Nullable RunSnapshot inDoubt = null;
        int reads = 0;
        for (RunSnapshot run : runs) {
            if (tellsOthers && isPassedOver(run)) {
                continue;
            }
            if (reads++ == MOST_READS) {
                inDoubt = run;
                break;
            }
            RunSnapshot single = lists.run(run.accountId(), run.runId(), Priority.LOOK_UP, "trigger");
            if (single.triggerCause() != null) {
                read.add(single);
            } else {
                remember(run);
                inDoubt = run;
            }
        }
        if (inDoubt != null) {
            throw new DbtCloudException(
                    new CallFailure.Unclear("dbt Cloud does not tell the cause of run " + inDoubt.runId() + "."));
        }
        return read;
    }

    private synchronized boolean isPassedOver(RunSnapshot run) {
        Long since = untoldSince.get(new Run(run.accountId(), run.runId()));
        return since != null && monotonic.nanos() - since >= PATIENCE.toNanos();
    }

    private synchronized void remember(RunSnapshot run) {
        if (untoldSince.putIfAbsent(new Run(run.accountId(), run.runId()), monotonic.nanos()) == null) {
            LOG.warn(
                    "dbt Cloud does not tell what triggered a run; a search waits for that, two minutes at most",
                    pair(LogKey.ACCOUNT_ID, run.accountId()),
                    pair(LogKey.RUN_ID, run.runId()));
        }
    }
}

package org.dbtrelay.artifact;

import jakarta.inject.Singleton;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.http.ArtifactBody;
import org.dbtrelay.dbtcloud.runs.RunWithSteps;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.FailedNode;
import org.dbtrelay.run.job.RunEnd;
import org.dbtrelay.run.job.RunEnd.Part;
import org.dbtrelay.run.job.RunFailure;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.RunStep;
import org.jspecify.annotations.Nullable;

/** Reads how a run has ended: its steps, and if it failed which step did, its log, and the nodes that failed in it. */
@Singleton
public class FailureReader {

    private static final RelayLog LOG = RelayLog.of(FailureReader.class);
    private static final String RUN_RESULTS = "run_results.json";

    /** Files of large projects have some tens of megabytes. What has no end would hold its request slot for ever. */
    private static final int LARGEST_RESULTS = 512 * 1024 * 1024;

    /** The failing nodes; null as long as nobody knows them. */
    private record Nodes(
            @Nullable List<FailedNode> failed, @Nullable CallFailure trouble) {

        static final Nodes NONE = new Nodes(List.of(), null);
    }

    /**
     * Reads as much as can be had now, with a few requests. dbt Cloud can be seconds behind: the log of a step may be empty for
     * a while, and its artifacts unknown.
     *
     * @param seen the run as it was seen to have ended
     * @return what was read, and what should be there and is not. The failing nodes are 50 at most, with messages of at most
     *     1,000 characters, together about 16 KiB
     */
    public RunEnd read(DbtCloudClient client, RunSnapshot seen) throws InterruptedException {
        RunWithSteps ended;
        try {
            ended = client.runs().withSteps(seen.accountId(), seen.runId());
        } catch (DbtCloudException e) {
            Interruption.rethrow(e);
            return RunEnd.unread(seen, e.failure());
        }
        RunSnapshot run = ended.run();
        if (!run.status().isTerminal()) {
            // A server that is behind: there is no way back from an end.
            return RunEnd.unread(seen, null);
        }
        if (ended.steps().isEmpty() && run.startedAt() != null) {
            // A run that ran had steps: dbt Cloud does not show them yet.
            return RunEnd.unread(run, null);
        }
        return RunEnd.isFailure(run) ? failed(client, run, ended.steps()) : RunEnd.complete(run, ended.steps(), null);
    }

    private static RunEnd failed(DbtCloudClient client, RunSnapshot run, List<RunStep> steps)
            throws InterruptedException {
        @Nullable RunStep step = FailedStep.of(run, steps);
        if (step == null) {
            return RunEnd.complete(run, steps, new RunFailure(null, List.of()));
        }
        Set<Part> missing = EnumSet.noneOf(Part.class);
        boolean unsettled = FailedStep.isUnsettled(step);
        if (unsettled || step.logTail().isBlank()) {
            missing.add(Part.LOG);
        }
        Nodes nodes = FailedStep.hasRunResults(step) ? nodes(client, run, step) : Nodes.NONE;
        List<FailedNode> failed = nodes.failed() == null ? List.of() : nodes.failed();
        if (nodes.failed() == null || (unsettled && failed.isEmpty())) {
            missing.add(Part.NODES);
        }
        RunFailure failure = new RunFailure(step, withLogged(failed, step.loggedNodes()));
        return new RunEnd(run, steps, failure, missing, nodes.trouble());
    }

    /** The rows of the file, with messages of the log where they have none, and then the nodes that only the log has. */
    static List<FailedNode> withLogged(List<FailedNode> rows, List<FailedNode> logged) {
        if (logged.isEmpty()) {
            return rows;
        }
        Map<String, FailedNode> byId = new HashMap<>();
        logged.forEach(node -> byId.put(node.uniqueId(), node));
        List<FailedNode> all = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (FailedNode row : rows) {
            @Nullable FailedNode same = byId.remove(row.uniqueId());
            all.add(same == null ? row : row.completedBy(same));
            names.addAll(List.of(row.uniqueId().split("\\.")));
        }
        logged.stream()
                .filter(node -> byId.containsKey(node.uniqueId()) && !isNamedIn(names, node))
                .forEach(all::add);
        return FailedNodes.fitting(all);
    }

    /** Whether a node that the log names without dbt's id is one of the rows. */
    private static boolean isNamedIn(Set<String> names, FailedNode node) {
        @Nullable String relation = node.relationName();
        return node.uniqueId().indexOf(' ') >= 0
                && relation != null
                && names.contains(relation.substring(relation.lastIndexOf('.') + 1));
    }

    private static Nodes nodes(DbtCloudClient client, RunSnapshot run, RunStep step) throws InterruptedException {
        try (ArtifactBody body =
                client.artifactsOnce().getJobRunArtifact(run.accountId(), run.runId(), RUN_RESULTS, step.index())) {
            FailedNodes.Read read = FailedNodes.read(body.upTo(LARGEST_RESULTS));
            return isOlder(read.generatedAt(), step) ? notThere(run) : new Nodes(read.nodes(), null);
        } catch (DbtCloudException e) {
            Interruption.rethrow(e);
            return switch (e.failure()) {
                case CallFailure.NotFound _ -> notFound(client, run);
                case CallFailure.Refused _,
                        CallFailure.NotSent _,
                        CallFailure.Limited _,
                        CallFailure.Suspended _,
                        CallFailure.Unclear _ -> new Nodes(null, e.failure());
            };
        } catch (IOException e) {
            Interruption.rethrow(e);
            LOG.debug(
                    "The failing nodes of a run cannot be read",
                    RelayLog.pair(LogKey.RUN_ID, run.runId()),
                    RelayLog.pair(LogKey.REASON, e.getClass().getSimpleName()));
            // A broken transfer, or a page of somebody on the way; what is really no JSON is asked for in vain.
            return new Nodes(null, null);
        }
    }

    /** A file that was written before its step began is that of a step before it: the step itself left none. */
    private static boolean isOlder(@Nullable Instant generatedAt, RunStep step) {
        return generatedAt != null && step.startedAt() != null && generatedAt.isBefore(step.startedAt());
    }

    private static Nodes notThere(RunSnapshot run) {
        return run.artifactsSaved() ? Nodes.NONE : new Nodes(null, null);
    }

    /** A run that failed early leaves nothing; as long as nothing is saved nobody knows. */
    private static Nodes notFound(DbtCloudClient client, RunSnapshot run) throws InterruptedException {
        if (!run.artifactsSaved()) {
            return new Nodes(null, null);
        }
        try {
            List<String> paths = client.artifactsOnce().listJobRunArtifacts(run.accountId(), run.runId());
            return paths.isEmpty() || paths.contains(RUN_RESULTS) ? new Nodes(null, null) : Nodes.NONE;
        } catch (DbtCloudException e) {
            Interruption.rethrow(e);
            return new Nodes(null, e.failure());
        }
    }
}

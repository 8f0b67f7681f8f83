package org.dbtrelay.artifact;

import jakarta.inject.Singleton;
import java.io.IOException;
import java.util.List;
import org.dbtrelay.dbtcloud.ArtifactBody;
import org.dbtrelay.dbtcloud.DbtCloudClient;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.RunFailure;
import org.dbtrelay.run.RunFailure.FailedNode;
import org.dbtrelay.run.RunSnapshot;
import org.dbtrelay.run.RunStep;

/** Reads why a run failed: the step, and the nodes that failed in it. */
@Singleton
public class FailureReader {

    private static final RelayLog LOG = RelayLog.of(FailureReader.class);

    /**
     * Reads as much as can be had now; one request at most.
     *
     * @param steps of the run
     * @return the step that explains the failure, null if none failed; its failing nodes, empty where its
     *     {@code run_results.json} is not there (yet) or cannot be read. At most 50 nodes, messages of at most 1,000
     *     characters, together about 16 KiB
     */
    public RunFailure read(DbtCloudClient client, RunSnapshot run, List<RunStep> steps) throws InterruptedException {
        RunStep step = FailedStep.of(run, steps);
        if (step == null || !FailedStep.isDbt(step)) {
            return new RunFailure(step, List.of());
        }
        return new RunFailure(step, nodes(client, run, step));
    }

    private static List<FailedNode> nodes(DbtCloudClient client, RunSnapshot run, RunStep step)
            throws InterruptedException {
        try (ArtifactBody body = client.artifact(run.accountId(), run.runId(), "run_results.json", step.index())) {
            return FailedNodes.read(body.stream());
        } catch (DbtCloudException | IOException e) {
            Interruption.rethrow(e);
            LOG.debug(
                    "The failing nodes of a run cannot be read",
                    RelayLog.pair(LogKey.RUN_ID, run.runId()),
                    RelayLog.pair(LogKey.REASON, e.getClass().getSimpleName()));
            return List.of();
        }
    }
}

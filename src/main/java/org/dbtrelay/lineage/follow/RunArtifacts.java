package org.dbtrelay.lineage.follow;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import org.dbtrelay.artifact.Interruption;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.http.ArtifactBody;
import org.dbtrelay.lineage.tell.StepArtifacts;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.RunSnapshot;

/** The artifacts of a run in dbt Cloud, which may show them some time after its end. */
final class RunArtifacts implements StepArtifacts {

    /** How much the relay still hopes for. */
    enum Patience {
        /** What is not there may come. */
        WAITING,
        /** What is not there does not come; but what is there may be hard to read. */
        OVER,
        /** Nothing is asked for any more. */
        WITHOUT
    }

    private final DbtCloudClient client;
    private final RunSnapshot run;
    private final Patience patience;

    RunArtifacts(DbtCloudClient client, RunSnapshot run, Patience patience) {
        this.client = client;
        this.run = run;
        this.patience = patience;
    }

    @Override
    public Optional<InputStream> open(String path, int step) throws IOException, InterruptedException {
        if (patience == Patience.WITHOUT) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    new Closing(client.artifactsOnce().getJobRunArtifact(run.accountId(), run.runId(), path, step)));
        } catch (DbtCloudException e) {
            Interruption.rethrow(e);
            return switch (e.failure()) {
                case CallFailure.NotFound missing -> {
                    if (patience == Patience.WAITING && !run.artifactsSaved()) {
                        throw new Later(missing.detail(), false);
                    }
                    yield Optional.empty();
                }
                case CallFailure.Refused _ -> Optional.empty();
                case CallFailure.Suspended suspended when suspended.status() == 403 -> Optional.empty();
                case CallFailure.NotSent _, CallFailure.Limited _, CallFailure.Suspended _ ->
                    throw new Later(e.failure().detail(), true);
                case CallFailure.Unclear unclear -> throw new Later(unclear.detail(), false);
            };
        }
    }

    /** Gives the connection back, too. */
    private static final class Closing extends FilterInputStream {
        private final ArtifactBody body;

        Closing(ArtifactBody body) {
            super(body.stream());
            this.body = body;
        }

        @Override
        public void close() throws IOException {
            body.close();
        }
    }
}

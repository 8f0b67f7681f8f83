package org.dbtrelay.lineage.follow;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.Set;
import org.dbtrelay.artifact.Interruption;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.http.ArtifactBody;
import org.dbtrelay.lineage.tell.StepArtifacts;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.RunSnapshot;
import org.jspecify.annotations.Nullable;

/** The artifacts of a run in dbt Cloud, which may show them some time after its end. */
final class RunArtifacts implements StepArtifacts {

    /** How much the relay still hopes for. */
    enum Patience {
        /** What is not there may come. */
        WAITING,
        /** What is not there does not come; but what is there may be hard to read. */
        OVER
    }

    /** In bytes; a manifest of the largest projects has a few hundred megabytes. */
    private static final int LARGEST = Integer.MAX_VALUE;

    private final DbtCloudClient client;
    private final RunSnapshot run;
    private final Patience patience;
    private final Set<String> without;
    private @Nullable String last;

    /** {@code without}: those that are not asked for any more, as {@link #last} names them. */
    RunArtifacts(DbtCloudClient client, RunSnapshot run, Patience patience, Set<String> without) {
        this.without = without;
        this.client = client;
        this.run = run;
        this.patience = patience;
    }

    /** The step and the path of the artifact that was asked for last; null if none was. */
    @Nullable
    String last() {
        return last;
    }

    @Override
    public Optional<InputStream> open(String path, int step) throws IOException, InterruptedException {
        String name = step + "/" + path;
        if (without.contains(name)) {
            return Optional.empty();
        }
        last = name;
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
            super(body.upTo(LARGEST));
            this.body = body;
        }

        @Override
        public void close() throws IOException {
            body.close();
        }
    }
}

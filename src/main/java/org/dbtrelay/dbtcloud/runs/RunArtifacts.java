package org.dbtrelay.dbtcloud.runs;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.http.ApiCalls;
import org.dbtrelay.dbtcloud.http.ArtifactBody;
import org.dbtrelay.dbtcloud.http.Envelope;
import org.dbtrelay.dbtcloud.http.Envelope.UnreadableAnswer;
import org.dbtrelay.dbtcloud.http.Parallel;
import org.dbtrelay.dbtcloud.http.Parallel.Outcome;
import org.dbtrelay.dbtcloud.http.ReadRetries;
import org.dbtrelay.run.job.CallFailure;
import org.jspecify.annotations.Nullable;

/**
 * The files that a run left: listed, and read as streams, as a manifest can have hundreds of megabytes. Which step is meant
 * matters: without one dbt Cloud gives the last step's, which for a job with docs is the docs step.
 */
public final class RunArtifacts {

    private final ApiCalls calls;
    private final ReadRetries retries;
    private final Priority priority;

    /** {@code retries}: how often a read is repeated. */
    public RunArtifacts(ApiCalls calls, ReadRetries retries, Priority priority) {
        this.calls = calls;
        this.retries = retries;
        this.priority = priority;
    }

    /** Uses an artifact while it comes in. */
    @FunctionalInterface
    public interface Use<T> {
        /** Reads what it needs of the body; the caller closes it. */
        T of(ArtifactBody body) throws IOException;
    }

    /** The outcome for one of several artifacts. */
    public sealed interface Fetched<T> {
        /** It was there. */
        record Done<T>(T value) implements Fetched<T> {}

        /** It could not be had. */
        record Failed<T>(DbtCloudException failure) implements Fetched<T> {}
    }

    /** The paths of a run's artifacts, relative to {@code target/}; empty if the run left none. */
    public List<String> listJobRunArtifacts(long accountId, long runId) throws DbtCloudException {
        return retries.get(() -> list(accountId, runId));
    }

    /**
     * Opens an artifact; close it.
     *
     * @param path relative to {@code target/}, unencoded, without {@code .} and {@code ..}
     * @param step the index of the step whose artifact is meant; null for the last one's
     */
    public ArtifactBody getJobRunArtifact(long accountId, long runId, String path, @Nullable Integer step)
            throws DbtCloudException {
        return retries.get(() -> open(accountId, runId, path, step));
    }

    /**
     * Reads several artifacts at the same time; one that fails does not hold up the others.
     *
     * @param atOnce at most so many are open at once; the account's budget may allow fewer
     * @return for each path, in their order, what came of it
     */
    public <T> Map<String, Fetched<T>> getJobRunArtifactsConcurrently(
            JobRunRef run, Collection<String> paths, @Nullable Integer step, int atOnce, Use<T> use)
            throws DbtCloudException {
        Semaphore places = new Semaphore(atOnce);
        Map<String, Fetched<T>> fetched = new LinkedHashMap<>();
        for (Outcome<String, T> outcome : Parallel.all(paths.stream().distinct().toList(), path -> {
            places.acquireUninterruptibly();
            try {
                return retries.get(() -> used(run, path, step, use));
            } finally {
                places.release();
            }
        })) {
            switch (outcome) {
                case Outcome.Done(String path, T value) -> fetched.put(path, new Fetched.Done<>(value));
                case Outcome.Failed(String path, DbtCloudException failure) ->
                    fetched.put(path, new Fetched.Failed<>(failure));
            }
        }
        return fetched;
    }

    private <T> T used(JobRunRef run, String path, @Nullable Integer step, Use<T> use) throws DbtCloudException {
        try (ArtifactBody body = open(run.accountId(), run.runId(), path, step)) {
            return use.of(body);
        } catch (IOException e) {
            throw new DbtCloudException(
                    new CallFailure.Unclear(
                            "Reading the artifact broke off: " + e.getClass().getSimpleName()),
                    e);
        }
    }

    private List<String> list(long accountId, long runId) throws DbtCloudException {
        return calls.get(accountId, priority, api -> api.artifacts(accountId, runId), body -> {
            JsonNode data = Envelope.read(body).data();
            if (!data.isArray() && !data.isNull()) {
                throw new UnreadableAnswer("a list without rows");
            }
            List<String> paths = new ArrayList<>();
            data.forEach(path -> paths.add(path.asText()));
            return List.copyOf(paths);
        });
    }

    private ArtifactBody open(long accountId, long runId, String path, @Nullable Integer step)
            throws DbtCloudException {
        String encoded = ArtifactPath.encode(path);
        ArtifactBody body = calls.open(accountId, priority, api -> api.artifact(accountId, runId, encoded, step));
        if (path.endsWith(".json") && body.isPage()) {
            throw new DbtCloudException(refuse(body));
        }
        return body;
    }

    /** Something in front of dbt Cloud answers with a page, which says nothing about the artifact. */
    private static CallFailure refuse(ArtifactBody page) {
        String detail = "A page came in place of the artifact, perhaps one to log in";
        try (page) {
            return new CallFailure.Unclear(detail);
        } catch (IOException e) {
            return new CallFailure.Unclear(detail + "; it could not be closed: " + e.getMessage());
        }
    }
}

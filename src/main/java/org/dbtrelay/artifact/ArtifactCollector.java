package org.dbtrelay.artifact;

import jakarta.inject.Singleton;
import java.io.IOException;
import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.stream.Collectors;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.http.ArtifactBody;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.decide.Input.ArtifactsCollected.Unavailable;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.NodeOwner;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.RunStep;
import org.dbtrelay.run.job.StoredArtifact;
import org.dbtrelay.run.job.UnavailableReason;
import org.dbtrelay.run.job.WantedArtifact;

/**
 * Collects the artifacts of a run that has ended, as far as they are there. dbt Cloud shows them some time after the end,
 * and an artifact that is listed can still be answered with 404: what may still come is told as {@code notYet}, and the
 * caller asks again.
 */
@Singleton
public class ArtifactCollector {

    private static final RelayLog LOG = RelayLog.of(ArtifactCollector.class);

    private static final String NO_SUCH_FILE = "the run left no such file";

    private final ArtifactStore store;
    private final Semaphore places;

    /** Fetches {@code relay.artifacts.parallelism} artifacts at once, for all commands together. */
    public ArtifactCollector(RelayConfig config) {
        this.store = ArtifactStore.of(config.artifacts());
        this.places = new Semaphore(config.artifacts().parallelism(), true);
    }

    private sealed interface Outcome {
        record Ready(StoredArtifact artifact) implements Outcome {}

        record Missing(Unavailable what, boolean isNotFound) implements Outcome {}

        record Later(Unavailable what, boolean isNotFound) implements Outcome {}

        /** dbt Cloud answered 404. */
        default boolean isNotFound() {
            return false;
        }

        /** The same with the owners of the nodes in it. */
        default Outcome withOwners(Map<String, NodeOwner> owners) {
            return owners.isEmpty() || !(this instanceof Ready(StoredArtifact artifact))
                    ? this
                    : new Ready(artifact.withOwners(owners));
        }
    }

    /**
     * The run of a collection, and what is known of it.
     *
     * @param begun when its steps began; empty if it does not matter
     * @param ownedNodes the nodes whose owners a manifest is to tell
     */
    private record Collected(
            DbtCloudClient client,
            RunSnapshot run,
            Listing listing,
            Map<Integer, Instant> begun,
            Set<String> ownedNodes) {

        /** The same, to find the owners of the failing and warned nodes of these results. */
        Collected lookingForOwnersOf(Collection<Outcome> results) {
            Set<String> nodes = new HashSet<>();
            for (Outcome outcome : results) {
                if (outcome instanceof Outcome.Ready(StoredArtifact artifact)) {
                    artifact.content().notable().forEach(node -> nodes.add(node.uniqueId()));
                }
            }
            return new Collected(client, run, listing, begun, nodes);
        }
    }

    /**
     * The artifacts that dbt Cloud lists of a run.
     *
     * @param paths relative to dbt's {@code target/}; whether of all steps or of the last one, dbt Cloud does not say
     * @param isSaved all artifacts of the run are there
     */
    private record Listing(Set<String> paths, boolean isSaved) {

        /** Nothing will be added to it. dbt Cloud's null, an empty list here, can mean that there is nothing yet. */
        boolean isComplete() {
            return isSaved && !paths.isEmpty();
        }

        /** Whether it is worth a request: an artifact of a step can exist without being listed. */
        boolean mayHave(WantedArtifact wanted) {
            return paths.contains(wanted.path()) || (isComplete() && wanted.step() != null);
        }

        boolean has(WantedArtifact wanted) {
            return paths.contains(wanted.path());
        }
    }

    /**
     * Stores and tells what is there. It takes as long as the transfers take; one that stands still is given up after 100 s
     * (a constant of the REST client in Quarkus 3.33) and told as not yet there.
     *
     * @param wanted of this run
     * @param begun when the run's steps began, by their numbers; empty: the collector reads it if it matters
     * @return each of the wanted artifacts in one of the three lists
     * @throws DbtCloudException the list of artifacts could not be read; trouble with a single artifact is not thrown, so
     *     that what has been stored is told
     */
    public Input.ArtifactsCollected collect(
            String commandId,
            DbtCloudClient client,
            RunSnapshot run,
            List<WantedArtifact> wanted,
            Map<Integer, Instant> begun)
            throws DbtCloudException, InterruptedException {
        List<StoredArtifact> ready = new ArrayList<>();
        List<Unavailable> unavailable = new ArrayList<>();
        List<Unavailable> notYet = new ArrayList<>();
        for (Outcome outcome : outcomes(client, run, wanted, begun)) {
            switch (outcome) {
                case Outcome.Ready it -> ready.add(it.artifact());
                case Outcome.Missing it -> unavailable.add(it.what());
                case Outcome.Later it -> notYet.add(it.what());
            }
        }
        return new Input.ArtifactsCollected(commandId, ready, unavailable, notYet);
    }

    /**
     * The outcomes in the order of the artifacts. Results come before a manifest, which then tells, while it passes by, who owns the
     * nodes that failed.
     */
    private List<Outcome> outcomes(
            DbtCloudClient client, RunSnapshot run, List<WantedArtifact> wanted, Map<Integer, Instant> known)
            throws DbtCloudException, InterruptedException {
        if (wanted.isEmpty()) {
            return List.of();
        }
        Listing listing = list(client, run, wanted);
        Map<Integer, Instant> begun = known.isEmpty() ? begun(client, run, wanted) : known;
        Collected collected = new Collected(client, run, listing, begun, Set.of());
        boolean hasManifest =
                wanted.stream().anyMatch(artifact -> artifact.path().equals(ArtifactFacts.MANIFEST));
        Map<Boolean, List<WantedArtifact>> parts = wanted.stream()
                .collect(Collectors.partitioningBy(
                        artifact -> hasManifest && ArtifactFacts.hasResults(artifact.path())));
        List<WantedArtifact> results = parts.getOrDefault(true, List.of());
        List<WantedArtifact> others = parts.getOrDefault(false, List.of());
        Map<WantedArtifact, Outcome> outcomes = new HashMap<>(outcomes(collected, results));
        outcomes.putAll(outcomes(collected.lookingForOwnersOf(outcomes.values()), others));
        Map<String, NodeOwner> owners = owners(outcomes.values());
        return wanted.stream()
                .map(artifact -> Objects.requireNonNull(outcomes.get(artifact)))
                .map(outcome -> outcome.withOwners(owners))
                .toList();
    }

    private Map<WantedArtifact, Outcome> outcomes(Collected collected, List<WantedArtifact> wanted)
            throws InterruptedException {
        List<Callable<Outcome>> tasks = new ArrayList<>();
        for (WantedArtifact artifact : wanted) {
            tasks.add(() -> outcome(collected, artifact));
        }
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Outcome>> done = threads.invokeAll(tasks);
            Map<WantedArtifact, Outcome> outcomes = new HashMap<>();
            for (int i = 0; i < done.size(); i++) {
                outcomes.put(wanted.get(i), done.get(i).get());
            }
            return outcomes;
        } catch (ExecutionException e) {
            throw new IllegalStateException("internal error: an artifact could not be collected", e);
        }
    }

    /** The owners of nodes that the manifests among these artifacts have told. */
    private static Map<String, NodeOwner> owners(Collection<Outcome> outcomes) {
        Map<String, NodeOwner> owners = new HashMap<>();
        for (Outcome outcome : outcomes) {
            if (outcome instanceof Outcome.Ready(StoredArtifact artifact)) {
                owners.putAll(artifact.content().owners());
            }
        }
        return owners;
    }

    private static Listing list(DbtCloudClient client, RunSnapshot run, List<WantedArtifact> wanted)
            throws DbtCloudException, InterruptedException {
        try {
            Set<String> paths = new HashSet<>(client.artifactsOnce().listJobRunArtifacts(run.accountId(), run.runId()));
            boolean saved = run.artifactsSaved();
            boolean allThere = wanted.stream().map(WantedArtifact::path).allMatch(paths::contains);
            if (!saved
                    && !allThere
                    && client.runs()
                            .run(run.accountId(), run.runId(), Priority.ARTIFACT)
                            .artifactsSaved()) {
                // Only a list that was read after all was saved tells what is not there.
                saved = true;
                paths = new HashSet<>(client.artifactsOnce().listJobRunArtifacts(run.accountId(), run.runId()));
            }
            return new Listing(paths, saved);
        } catch (DbtCloudException e) {
            Interruption.rethrow(e);
            throw e;
        }
    }

    /**
     * When the steps of the wanted artifacts began, for runs that did not succeed: a step that was cut leaves no file, and dbt Cloud
     * can have that of a step before it. Empty if it does not matter, or cannot be read.
     */
    private Map<Integer, Instant> begun(DbtCloudClient client, RunSnapshot run, List<WantedArtifact> wanted)
            throws InterruptedException {
        Map<Integer, Instant> begun = new HashMap<>();
        if (store instanceof NoStore
                || run.status() == JobRunStatus.Known.SUCCESS
                || wanted.stream().allMatch(artifact -> artifact.step() == null)) {
            return begun;
        }
        try {
            for (RunStep step :
                    client.runs().withSteps(run.accountId(), run.runId()).steps()) {
                if (step.startedAt() != null) {
                    begun.put(step.index(), step.startedAt());
                }
            }
        } catch (DbtCloudException e) {
            Interruption.rethrow(e);
        }
        return begun;
    }

    /** The artifact of its step, or of the other step that can have made it where dbt Cloud answers that the first one did not. */
    private Outcome outcome(Collected collected, WantedArtifact wanted) throws InterruptedException {
        Outcome first = outcomeOfStep(collected, wanted, wanted.elseStep() == null);
        if (wanted.elseStep() == null || !first.isNotFound()) {
            return first;
        }
        // A 404 can have another reason than the step, so the other step has to answer, too.
        Outcome second = outcomeOfStep(collected, wanted.ofElseStep(), false);
        // Of both, the caller only knows the one that it asked for.
        return second instanceof Outcome.Ready ? second : first;
    }

    /** The artifact of one step; without a doubt about the step, that it is in the list is enough to point to it. */
    private Outcome outcomeOfStep(Collected collected, WantedArtifact wanted, boolean isSure)
            throws InterruptedException {
        RunSnapshot run = collected.run();
        Listing listing = collected.listing();
        if (!listing.mayHave(wanted)) {
            return listing.isComplete()
                    ? missing(wanted, UnavailableReason.NOT_PRODUCED, NO_SUCH_FILE)
                    : later(
                            run,
                            wanted,
                            UnavailableReason.NOT_FOUND_IN_TIME,
                            "the list of the run's artifacts does not have it");
        }
        places.acquire();
        try {
            URI host = collected.client().host();
            return switch (store) {
                case NoStore none
                when listing.has(wanted) && isSure -> new Outcome.Ready(none.pointTo(host, run, wanted));
                case NoStore none -> fetched(collected, wanted, _ -> none.pointTo(host, run, wanted));
                case KeepingStore keeping ->
                    fetched(
                            collected,
                            wanted,
                            download -> keeping.store(
                                    run,
                                    wanted,
                                    download,
                                    wanted.step() == null
                                            ? null
                                            : collected.begun().get(wanted.step()),
                                    collected.ownedNodes()));
            };
        } finally {
            places.release();
        }
    }

    /** Uses an artifact that exists. */
    private interface Use {
        StoredArtifact of(Download download) throws StoreException, IOException, InterruptedException;
    }

    private static Outcome fetched(Collected collected, WantedArtifact wanted, Use use) throws InterruptedException {
        RunSnapshot run = collected.run();
        Listing listing = collected.listing();
        try (ArtifactBody body = collected
                .client()
                .artifactsOnce()
                .getJobRunArtifact(run.accountId(), run.runId(), wanted.path(), wanted.step())) {
            Download download = new Download(body.stream(), body.contentType(), body.contentLength());
            return new Outcome.Ready(use.of(download));
        } catch (StoreException e) {
            LOG.warn(
                    "An artifact was not stored",
                    RelayLog.pair(LogKey.RUN_ID, run.runId()),
                    RelayLog.pair(LogKey.PATH, wanted.path()),
                    RelayLog.pair(LogKey.DETAIL, e.getMessage()));
            return e.isPassing()
                    ? later(run, wanted, e.reason(), e.explanation())
                    : missing(wanted, e.reason(), e.explanation());
        } catch (DbtCloudException e) {
            Interruption.rethrow(e);
            if (e.failure() instanceof CallFailure.NotFound(String detail)) {
                return listing.has(wanted)
                        ? new Outcome.Later(new Unavailable(wanted, UnavailableReason.NOT_FOUND_IN_TIME, detail), true)
                        : new Outcome.Missing(
                                new Unavailable(wanted, UnavailableReason.NOT_PRODUCED, NO_SUCH_FILE), true);
            }
            return isForbidden(e.failure())
                    ? missing(wanted, UnavailableReason.FORBIDDEN, e.failure().detail())
                    : later(
                            run,
                            wanted,
                            UnavailableReason.NOT_FOUND_IN_TIME,
                            e.failure().detail());
        } catch (IOException e) {
            Interruption.rethrow(e);
            return later(run, wanted, UnavailableReason.NOT_FOUND_IN_TIME, String.valueOf(e));
        }
    }

    /** A 403 after a list that could be read. A 401 is the connection's trouble, not the artifact's. */
    private static boolean isForbidden(CallFailure failure) {
        return switch (failure) {
            case CallFailure.Refused refused -> refused.status() == 403;
            case CallFailure.Suspended suspended -> suspended.status() == 403;
            case CallFailure.NotSent _, CallFailure.Limited _, CallFailure.NotFound _, CallFailure.Unclear _ -> false;
        };
    }

    private static Outcome missing(WantedArtifact wanted, UnavailableReason reason, String message) {
        return new Outcome.Missing(new Unavailable(wanted, reason, message), false);
    }

    private static Outcome later(RunSnapshot run, WantedArtifact wanted, UnavailableReason reason, String detail) {
        LOG.debug(
                "An artifact is not to be had yet",
                RelayLog.pair(LogKey.RUN_ID, run.runId()),
                RelayLog.pair(LogKey.PATH, wanted.path()),
                RelayLog.pair(LogKey.DETAIL, detail));
        return new Outcome.Later(new Unavailable(wanted, reason, detail), false);
    }
}

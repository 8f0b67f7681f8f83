package org.dbtrelay.artifact;

import com.fasterxml.jackson.core.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.job.ArtifactContent;
import org.dbtrelay.run.job.ArtifactContent.SlowNode;
import org.dbtrelay.run.job.NodeOwner;
import org.dbtrelay.run.job.NodeStatus.NodeClass;
import org.jspecify.annotations.Nullable;

/**
 * Reads what one of dbt's own JSON files says about itself, while it passes by and in constant memory. What is read has been where
 * it is since dbt 0.19, and may be missing. Of results in a schema that is newer than this version, nothing is told but its number:
 * a sum over rows that mean something else would be wrong.
 */
final class ArtifactFacts {

    private static final RelayLog LOG = RelayLog.of(ArtifactFacts.class);
    private static final Set<String> WITH_METADATA =
            Set.of("run_results.json", "manifest.json", "catalog.json", "sources.json", "semantic_manifest.json");

    /** The newest versions of the schemas that have results (schemas.getdbt.com, read in November 2026). */
    private static final Map<String, Integer> NEWEST_WITH_RESULTS = Map.of("run_results.json", 6, "sources.json", 3);

    static final String MANIFEST = "manifest.json";

    /** Such as {@code https://schemas.getdbt.com/dbt/run-results/v6.json}. */
    private static final Pattern VERSION = Pattern.compile("/v([0-9]{1,9})\\.json$");

    /** dbt has about ten; a file with more is none of dbt's. */
    private static final int MOST_STATUSES = 32;

    private static final int MOST_SLOW = 5;
    private static final int LONGEST_TEXT = 200;

    private final boolean hasResults;
    private final int newest;
    private final @Nullable NodeOwners owners;
    private final Map<String, Integer> nodesByStatus = new HashMap<>();
    private final Map<NodeClass, Integer> nodesByClass = new EnumMap<>(NodeClass.class);
    private final PriorityQueue<SlowNode> slowest = new PriorityQueue<>(Comparator.comparingDouble(SlowNode::seconds));
    private FailedNodes failing = new FailedNodes(NodeClass.FAILED);
    private FailedNodes warned = new FailedNodes(NodeClass.WARNED);
    private @Nullable Long rowsAffected;
    private @Nullable String schemaVersion;
    private @Nullable Instant generatedAt;
    private @Nullable String invocationId;
    private @Nullable Double elapsedSeconds;
    private boolean resultsRead;

    private ArtifactFacts(String artifactPath, Set<String> ownedNodes) {
        Integer known = NEWEST_WITH_RESULTS.get(artifactPath);
        this.hasResults = known != null;
        this.newest = known == null ? 0 : known;
        this.owners = artifactPath.equals(MANIFEST) && !ownedNodes.isEmpty() ? new NodeOwners(ownedNodes) : null;
    }

    /** As {@link #of(String, InputStream, Set)}, without looking for owners. */
    static ArtifactContent of(String artifactPath, InputStream bytes) {
        return of(artifactPath, bytes, Set.of());
    }

    /** Whether an artifact has results, which may be those of nodes with owners. */
    static boolean hasResults(String artifactPath) {
        return NEWEST_WITH_RESULTS.containsKey(artifactPath);
    }

    /**
     * Reads as much of the stream as it needs: {@code manifest.json} and the like only as far as their {@code metadata}, which
     * dbt writes first; a manifest to its end if owners are looked for.
     *
     * @param artifactPath tells which artifact it is; of one that is none of dbt's JSON files, nothing is known
     * @param bytes not closed
     * @param ownedNodes the ids of nodes whose owners a manifest is to tell, as they stand in events
     * @return {@link ArtifactContent#NONE} for one that makes no sense; of one that breaks off, what came before, without results
     */
    static ArtifactContent of(String artifactPath, InputStream bytes, Set<String> ownedNodes) {
        if (!WITH_METADATA.contains(artifactPath)) {
            return ArtifactContent.NONE;
        }
        ArtifactFacts reading = new ArtifactFacts(artifactPath, ownedNodes);
        try {
            DbtJson.readObject(bytes, reading::field);
            return reading.content(true);
        } catch (IOException e) {
            LOG.debug(
                    "An artifact is not the JSON that dbt writes",
                    RelayLog.pair(LogKey.PATH, artifactPath),
                    RelayLog.pair(LogKey.REASON, e.getClass().getSimpleName()));
            return reading.content(false);
        }
    }

    private ArtifactContent content(boolean isWhole) {
        Map<String, NodeOwner> found = owners == null ? Map.of() : owners.found();
        if (!isWhole || !resultsRead || !isKnown()) {
            return new ArtifactContent(schemaVersion, generatedAt, invocationId, null, null, found);
        }
        List<SlowNode> slowestFirst = slowest.stream()
                .sorted(Comparator.comparingDouble(SlowNode::seconds).reversed())
                .toList();
        ArtifactContent.Results results = new ArtifactContent.Results(
                nodesByStatus, nodesByClass, rowsAffected, elapsedSeconds, slowestFirst, failing.fitting());
        return new ArtifactContent(schemaVersion, generatedAt, invocationId, results, warned.fitting(), found);
    }

    /** Whether this version knows the schema; one without a number is taken for a known one. */
    private boolean isKnown() {
        Matcher version = VERSION.matcher(schemaVersion == null ? "" : schemaVersion);
        return !version.find() || Integer.parseInt(version.group(1)) <= newest;
    }

    private boolean field(String name, JsonParser value) throws IOException {
        if (name.equals("metadata")) {
            DbtJson.fields(value, this::metadata);
            return hasResults || owners != null;
        }
        if (hasResults && name.equals("results")) {
            results(value);
        } else if (hasResults && name.equals("elapsed_time")) {
            elapsedSeconds = DbtJson.number(value);
        } else if (owners != null) {
            owners.field(name, value);
        } else {
            value.skipChildren();
        }
        return true;
    }

    private boolean metadata(String name, JsonParser value) throws IOException {
        switch (name) {
            case "dbt_schema_version" -> schemaVersion = shortText(value);
            case "generated_at" -> generatedAt = DbtJson.instant(value);
            case "invocation_id" -> invocationId = shortText(value);
            default -> value.skipChildren();
        }
        return true;
    }

    /** Of a name that comes twice the last one counts, as for any reader of JSON. */
    private void results(JsonParser value) throws IOException {
        nodesByStatus.clear();
        nodesByClass.clear();
        slowest.clear();
        failing = new FailedNodes(NodeClass.FAILED);
        warned = new FailedNodes(NodeClass.WARNED);
        rowsAffected = null;
        resultsRead = value.isExpectedStartArrayToken();
        ResultRow.readAll(value, this::take);
    }

    private boolean take(ResultRow row) {
        String status = row.status();
        if (status != null) {
            nodesByClass.merge(row.nodeClass(), 1, Integer::sum);
        }
        if (status != null && status.length() > LONGEST_TEXT) {
            return true;
        }
        if (status != null && (nodesByStatus.containsKey(status) || nodesByStatus.size() < MOST_STATUSES)) {
            nodesByStatus.merge(status, 1, Integer::sum);
        }
        if (row.rowsAffected() != null) {
            rowsAffected = sum(rowsAffected, row.rowsAffected());
        }
        failing.add(row);
        warned.add(row);
        String uniqueId = row.uniqueId();
        Double seconds = row.seconds();
        if (uniqueId != null && seconds != null && seconds >= 0) {
            slowest.add(new SlowNode(FailedNodes.id(uniqueId), status, seconds));
            if (slowest.size() > MOST_SLOW) {
                slowest.remove();
            }
        }
        return true;
    }

    /** Whoever writes the file chooses the numbers, so the sum stops at the largest one. */
    private static long sum(@Nullable Long sum, long more) {
        return sum == null ? more : sum + Math.min(more, Long.MAX_VALUE - sum);
    }

    private static @Nullable String shortText(JsonParser value) throws IOException {
        String text = DbtJson.string(value);
        return text == null || text.length() > LONGEST_TEXT ? null : text;
    }
}

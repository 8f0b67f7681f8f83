package org.dbtrelay.artifact;

import com.fasterxml.jackson.core.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.job.ArtifactContent;
import org.dbtrelay.run.job.ArtifactContent.SlowNode;
import org.jspecify.annotations.Nullable;

/**
 * Reads what one of dbt's own JSON files says about itself, while it passes by and in constant memory. Nothing depends on the
 * version of its schema: what is read has been where it is since dbt 0.19, and may be missing.
 */
final class ArtifactFacts {

    private static final RelayLog LOG = RelayLog.of(ArtifactFacts.class);
    private static final Set<String> WITH_METADATA =
            Set.of("run_results.json", "manifest.json", "catalog.json", "sources.json", "semantic_manifest.json");
    private static final Set<String> WITH_RESULTS = Set.of("run_results.json", "sources.json");

    /** dbt has about ten; a file with more is none of dbt's. */
    private static final int MOST_STATUSES = 32;

    private static final int MOST_SLOW = 5;
    private static final int LONGEST_TEXT = 200;

    private final boolean hasResults;
    private final Map<String, Integer> nodesByStatus = new HashMap<>();
    private final PriorityQueue<SlowNode> slowest = new PriorityQueue<>(Comparator.comparingDouble(SlowNode::seconds));
    private FailedNodes failing = new FailedNodes();
    private @Nullable String schemaVersion;
    private @Nullable Instant generatedAt;
    private @Nullable String invocationId;
    private @Nullable Double elapsedSeconds;
    private boolean resultsRead;

    private ArtifactFacts(boolean hasResults) {
        this.hasResults = hasResults;
    }

    /**
     * Reads as much of the stream as it needs: {@code manifest.json} and the like only as far as their {@code metadata}, which
     * dbt writes first.
     *
     * @param artifactPath tells which artifact it is; of one that is none of dbt's JSON files, nothing is known
     * @param bytes not closed
     * @return {@link ArtifactContent#NONE} for one that makes no sense; of one that breaks off, what came before, without results
     */
    static ArtifactContent of(String artifactPath, InputStream bytes) {
        if (!WITH_METADATA.contains(artifactPath)) {
            return ArtifactContent.NONE;
        }
        ArtifactFacts reading = new ArtifactFacts(WITH_RESULTS.contains(artifactPath));
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
        boolean tells = isWhole && resultsRead;
        return new ArtifactContent(
                schemaVersion,
                generatedAt,
                invocationId,
                tells
                        ? new ArtifactContent.Results(
                                nodesByStatus,
                                elapsedSeconds,
                                slowest.stream()
                                        .sorted(Comparator.comparingDouble(SlowNode::seconds)
                                                .reversed())
                                        .toList(),
                                failing.fitting())
                        : null);
    }

    private boolean field(String name, JsonParser value) throws IOException {
        if (name.equals("metadata")) {
            DbtJson.fields(value, this::metadata);
            return hasResults;
        }
        if (hasResults && name.equals("results")) {
            results(value);
        } else if (hasResults && name.equals("elapsed_time")) {
            elapsedSeconds = DbtJson.number(value);
        } else {
            value.skipChildren();
        }
        return true;
    }

    private boolean metadata(String name, JsonParser value) throws IOException {
        switch (name) {
            case "dbt_schema_version" -> schemaVersion = shortText(value);
            case "generated_at" -> generatedAt = instant(shortText(value));
            case "invocation_id" -> invocationId = shortText(value);
            default -> value.skipChildren();
        }
        return true;
    }

    /** Of a name that comes twice the last one counts, as for any reader of JSON. */
    private void results(JsonParser value) throws IOException {
        nodesByStatus.clear();
        slowest.clear();
        failing = new FailedNodes();
        resultsRead = value.isExpectedStartArrayToken();
        ResultRow.readAll(value, this::take);
    }

    private boolean take(ResultRow row) {
        String status = row.status();
        if (status != null && status.length() > LONGEST_TEXT) {
            return true;
        }
        if (status != null && (nodesByStatus.containsKey(status) || nodesByStatus.size() < MOST_STATUSES)) {
            nodesByStatus.merge(status, 1, Integer::sum);
        }
        failing.add(row);
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

    private static @Nullable String shortText(JsonParser value) throws IOException {
        String text = DbtJson.string(value);
        return text == null || text.length() > LONGEST_TEXT ? null : text;
    }

    private static @Nullable Instant instant(@Nullable String text) {
        if (text == null) {
            return null;
        }
        try {
            return Instant.parse(text);
        } catch (DateTimeParseException e) {
            return null;
        }
    }
}

package org.dbtrelay.artifact;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.jspecify.annotations.Nullable;

/**
 * What one of dbt's own JSON files says about itself.
 *
 * @param schemaVersion {@code metadata.dbt_schema_version}
 * @param generatedAt {@code metadata.generated_at}
 * @param nodesByStatus of {@code run_results.json}; else empty
 * @param elapsedSeconds of {@code run_results.json}
 */
record ArtifactFacts(
        @Nullable String schemaVersion,
        @Nullable Instant generatedAt,
        Map<String, Integer> nodesByStatus,
        @Nullable Double elapsedSeconds) {

    /** Nothing is known. */
    static final ArtifactFacts NONE = new ArtifactFacts(null, null, Map.of(), null);

    private static final RelayLog LOG = RelayLog.of(ArtifactFacts.class);
    private static final Set<String> WITH_METADATA =
            Set.of("run_results.json", "manifest.json", "catalog.json", "sources.json");

    /** dbt has about ten; a file with more is none of dbt's. */
    private static final int MOST_STATUSES = 32;

    private static final int LONGEST_TEXT = 200;

    /**
     * Reads as much of the stream as it needs; {@code manifest.json} and the like only as far as their {@code metadata}, which dbt writes
     * first.
     *
     * @param artifactPath tells which artifact it is; of one that is none of dbt's four, nothing is known
     * @param bytes not closed
     * @return {@link #NONE} for one that cannot be read or makes no sense
     */
    static ArtifactFacts of(String artifactPath, InputStream bytes) {
        if (!WITH_METADATA.contains(artifactPath)) {
            return NONE;
        }
        try {
            Reading reading = new Reading(artifactPath.equals("run_results.json"));
            DbtJson.readObject(bytes, reading::field);
            return new ArtifactFacts(
                    reading.schemaVersion, reading.generatedAt, reading.nodesByStatus, reading.elapsedSeconds);
        } catch (IOException e) {
            LOG.debug(
                    "An artifact is not the JSON that dbt writes",
                    RelayLog.pair(LogKey.PATH, artifactPath),
                    RelayLog.pair(LogKey.REASON, e.getClass().getSimpleName()));
            return NONE;
        }
    }

    private static final class Reading {
        private final boolean runResults;
        private final Map<String, Integer> nodesByStatus = new HashMap<>();
        private @Nullable String schemaVersion;
        private @Nullable Instant generatedAt;
        private @Nullable Double elapsedSeconds;

        Reading(boolean runResults) {
            this.runResults = runResults;
        }

        boolean field(String name, JsonParser value) throws IOException {
            if (name.equals("metadata")) {
                DbtJson.fields(value, this::metadata);
                return runResults;
            }
            if (runResults && name.equals("results") && value.isExpectedStartArrayToken()) {
                while (value.nextToken() != JsonToken.END_ARRAY) {
                    DbtJson.fields(value, this::result);
                }
            } else if (runResults
                    && name.equals("elapsed_time")
                    && value.currentToken().isNumeric()) {
                double seconds = value.getDoubleValue();
                elapsedSeconds = Double.isFinite(seconds) ? seconds : null;
            } else {
                value.skipChildren();
            }
            return true;
        }

        private boolean metadata(String name, JsonParser value) throws IOException {
            switch (name) {
                case "dbt_schema_version" -> schemaVersion = shortText(value);
                case "generated_at" -> generatedAt = instant(shortText(value));
                default -> value.skipChildren();
            }
            return true;
        }

        private boolean result(String name, JsonParser value) throws IOException {
            if (!name.equals("status")) {
                value.skipChildren();
                return true;
            }
            String status = shortText(value);
            if (status != null && (nodesByStatus.containsKey(status) || nodesByStatus.size() < MOST_STATUSES)) {
                nodesByStatus.merge(status, 1, Integer::sum);
            }
            return true;
        }

        private static @Nullable String shortText(JsonParser value) throws IOException {
            String text = DbtJson.text(value);
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
}

package org.dbtrelay.run;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An artifact that is there.
 *
 * @param location where: a {@code file:} or {@code s3:} URI, or without a store dbt Cloud's own URL
 * @param sizeBytes null without a store; likewise the checksum
 * @param sha256 lower-case hex
 * @param schemaVersion dbt's {@code metadata.dbt_schema_version}; null if the file has none or was not read
 * @param nodesByStatus of {@code run_results.json}: how many nodes ended how; empty otherwise
 * @param elapsedSeconds of {@code run_results.json}
 */
public record StoredArtifact(
        WantedArtifact wanted,
        String location,
        @Nullable Long sizeBytes,
        @Nullable String sha256,
        @Nullable String contentType,
        @Nullable String schemaVersion,
        @Nullable Instant generatedAt,
        Map<String, Integer> nodesByStatus,
        @Nullable Double elapsedSeconds) {

    public StoredArtifact {
        nodesByStatus = Map.copyOf(nodesByStatus);
    }
}

package org.dbtrelay.run.job;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An artifact that is there.
 *
 * @param location where: a {@code file:} or {@code s3:} URI, or without a store dbt Cloud's own URL
 * @param sizeBytes null without a store; likewise the checksum
 * @param sha256 lower-case hex
 * @param content facts from its own JSON
 */
public record StoredArtifact(
        WantedArtifact wanted,
        String location,
        @Nullable Long sizeBytes,
        @Nullable String sha256,
        @Nullable String contentType,
        ArtifactContent content) {

    /** The same with the owners of its nodes. */
    public StoredArtifact withOwners(Map<String, NodeOwner> owners) {
        return new StoredArtifact(wanted, location, sizeBytes, sha256, contentType, content.withOwners(owners));
    }
}

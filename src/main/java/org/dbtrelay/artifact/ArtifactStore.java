package org.dbtrelay.artifact;

import java.nio.file.Path;
import org.dbtrelay.config.RelayConfig;

/**
 * Where artifacts are kept ({@code relay.artifacts.store}). A store in object storage (s3) is to come as a further kind, fed
 * from a {@link Download} like {@link FileStore}.
 */
sealed interface ArtifactStore permits NoStore, FileStore {

    /**
     * The store of the configuration.
     *
     * @throws IllegalStateException if the configuration does not make sense; the checks at start say so more kindly
     */
    static ArtifactStore of(RelayConfig.Artifacts config) {
        return switch (config.store()) {
            case NONE -> new NoStore();
            case FILE -> {
                Path directory = config.directory()
                        .orElseThrow(() -> new IllegalStateException("relay.artifacts.directory is missing."));
                yield new FileStore(directory, config.maxSize());
            }
            case S3 -> throw new IllegalStateException("relay.artifacts.store=s3 is not supported yet.");
        };
    }
}

package org.dbtrelay.artifact;

import java.nio.file.Path;
import org.dbtrelay.config.ArtifactsConfig;

/** The place that keeps artifacts ({@code relay.artifacts.store}). */
sealed interface ArtifactStore permits NoStore, KeepingStore {

    /**
     * The store of the configuration.
     *
     * @throws IllegalStateException if the configuration does not make sense; the checks at start say so more kindly
     */
    static ArtifactStore of(ArtifactsConfig config) {
        StoreLayout layout = new StoreLayout(config.layout());
        return switch (config.store()) {
            case NONE -> new NoStore();
            case FILE -> {
                Path directory = config.directory()
                        .orElseThrow(() -> new IllegalStateException("relay.artifacts.directory is missing."));
                yield new FileStore(directory, layout, config.maxSize());
            }
            case S3 -> new S3Store(config, layout);
        };
    }
}

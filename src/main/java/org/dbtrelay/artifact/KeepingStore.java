package org.dbtrelay.artifact;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.Set;
import org.dbtrelay.run.job.ArtifactContent;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.StoredArtifact;
import org.dbtrelay.run.job.WantedArtifact;
import org.jspecify.annotations.Nullable;

/**
 * A store that takes the bytes. They pass through a fixed buffer, so the size of an artifact does not matter to the memory.
 * The place of an artifact follows from the run and its path alone: the same one again replaces it.
 */
abstract sealed class KeepingStore implements ArtifactStore permits FileStore, S3Store {

    private static final int BUFFER = 64 * 1024;

    private final StoreLayout layout;
    private final long maxSize;

    /**
     * A store.
     *
     * @param maxSize of an artifact, in bytes
     */
    KeepingStore(StoreLayout layout, long maxSize) {
        this.layout = layout;
        this.maxSize = maxSize;
    }

    /**
     * Opens a writer for an artifact.
     *
     * @param key relative, its segments separated by {@code /}, none of them empty, {@code .} or {@code ..}
     * @param sizeLimit the most bytes that will be written
     */
    abstract ArtifactWriter writer(String key, @Nullable String contentType, long sizeLimit)
            throws StoreException, InterruptedException;

    /** As {@link #store(RunSnapshot, WantedArtifact, Download, Instant, Set)}, of a step whose begin does not matter. */
    final StoredArtifact store(RunSnapshot run, WantedArtifact wanted, Download download)
            throws StoreException, IOException, InterruptedException {
        return store(run, wanted, download, null, Set.of());
    }

    /**
     * Keeps an artifact: size, SHA-256 and what it says about itself are read on the way.
     *
     * @param notBefore when the step of the artifact began; null if that is not known. A file of dbt's that is older is not that step's
     * @param ownedNodes the ids of nodes whose owners a manifest is to tell
     * @throws StoreException too large, too old, or the store does not take it: nothing is left of it
     * @throws IOException the transfer broke: nothing is left of it
     */
    final StoredArtifact store(
            RunSnapshot run,
            WantedArtifact wanted,
            Download download,
            @Nullable Instant notBefore,
            Set<String> ownedNodes)
            throws StoreException, IOException, InterruptedException {
        if (download.size().orElse(0) > maxSize) {
            throw StoreException.tooLarge(maxSize);
        }
        String key = layout.key(run, wanted);
        try (ArtifactWriter writer =
                        writer(key, download.contentType(), download.size().orElse(maxSize));
                Transfer transfer = new Transfer(download, writer, maxSize)) {
            ArtifactContent content =
                    ArtifactFacts.of(wanted.path(), new BufferedInputStream(transfer, BUFFER), ownedNodes);
            if (notBefore != null
                    && content.generatedAt() != null
                    && content.generatedAt().isBefore(notBefore)) {
                throw StoreException.older();
            }
            Transfer.Published published = transfer.finish();
            return new StoredArtifact(
                    wanted,
                    published.location(),
                    published.size(),
                    published.sha256(),
                    download.contentType(),
                    content);
        }
    }
}

package org.dbtrelay.artifact;

import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.dbtrelay.run.RunSnapshot;
import org.dbtrelay.run.StoredArtifact;
import org.dbtrelay.run.WantedArtifact;

/**
 * Keeps artifacts as files. They pass through a fixed buffer, so their size does not matter to the memory, and appear
 * complete or not at all ({@link PartFile}); the same artifact again replaces the file.
 */
final class FileStore implements ArtifactStore {

    private static final int BUFFER = 64 * 1024;

    private final StoreLayout layout;
    private final long maxSize;

    /**
     * A store.
     *
     * @param directory made when the first artifact comes
     * @param maxSize of an artifact, in bytes
     */
    FileStore(Path directory, long maxSize) {
        this.layout = new StoreLayout(directory);
        this.maxSize = maxSize;
    }

    /**
     * Writes an artifact to its file, with size and SHA-256 on the way.
     *
     * @throws StoreException too large, or the disk is full, not writable, …: nothing is left of it
     * @throws IOException the transfer broke: nothing is left of it
     */
    StoredArtifact store(RunSnapshot run, WantedArtifact wanted, Download download)
            throws StoreException, IOException, InterruptedException {
        if (download.size().orElse(0) > maxSize) {
            throw StoreException.tooLarge(maxSize);
        }
        Path target = layout.place(run, wanted);
        MessageDigest digest = sha256();
        try (PartFile file = PartFile.of(target)) {
            long size = copy(download, file, digest);
            ArtifactFacts facts = ArtifactFacts.of(wanted.path(), file.path());
            file.publish();
            return new StoredArtifact(
                    wanted,
                    target.toUri().toString(),
                    size,
                    HexFormat.of().formatHex(digest.digest()),
                    download.contentType(),
                    facts.schemaVersion(),
                    facts.generatedAt(),
                    facts.nodesByStatus(),
                    facts.elapsedSeconds());
        }
    }

    private long copy(Download download, PartFile file, MessageDigest digest)
            throws StoreException, IOException, InterruptedException {
        byte[] buffer = new byte[BUFFER];
        long size = 0;
        for (int read; (read = download.bytes().read(buffer)) >= 0; ) {
            size += read;
            if (size > maxSize) {
                throw StoreException.tooLarge(maxSize);
            }
            digest.update(buffer, 0, read);
            file.write(buffer, read);
        }
        if (download.size().isPresent() && download.size().getAsLong() != size) {
            throw new IOException(size + " bytes came of " + download.size().getAsLong());
        }
        return size;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}

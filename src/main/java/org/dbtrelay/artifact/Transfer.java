package org.dbtrelay.artifact;

import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The one pass over the bytes of an artifact: each byte that is read from it has been counted, digested and written. A
 * reader of the content takes as much as it likes and may fail; {@link #finish} brings the rest to the writer, and tells of
 * trouble with the transfer or the writer even if the reader has swallowed it.
 */
final class Transfer extends InputStream {

    private static final int BUFFER = 64 * 1024;

    private final Download download;
    private final ArtifactWriter writer;
    private final long maxSize;
    private final MessageDigest digest = sha256();

    private long size;
    private @Nullable Exception trouble;

    /** A transfer that has yet to begin; {@code maxSize} in bytes. */
    Transfer(Download download, ArtifactWriter writer, long maxSize) {
        this.download = download;
        this.writer = writer;
        this.maxSize = maxSize;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] target, int from, int length) throws IOException {
        Objects.checkFromIndexSize(from, length, target.length);
        if (trouble != null) {
            throw new IOException("the transfer has failed already", trouble);
        }
        try {
            int count = download.bytes().read(target, from, length);
            if (count > 0) {
                take(target, from, count);
            }
            return count;
        } catch (IOException e) {
            trouble = e;
            throw e;
        } catch (StoreException | InterruptedException e) {
            // Kept for finish(): what reads is a parser, to which the store and its trouble are nothing.
            trouble = e;
            throw new IOException("the store does not take it", e);
        }
    }

    private void take(byte[] bytes, int from, int count) throws StoreException, InterruptedException {
        size += count;
        if (size > maxSize) {
            throw StoreException.tooLarge(maxSize);
        }
        digest.update(bytes, from, count);
        writer.write(bytes, from, count);
    }

    /** The reader's business is not the transfer's: the caller closes the download. */
    @Override
    public void close() {}

    /**
     * Reads to the end and publishes.
     *
     * @return the artifact's URI
     * @throws IOException the transfer broke
     * @throws StoreException the store, or the limit of size, does not let it in
     */
    Published finish() throws IOException, StoreException, InterruptedException {
        byte[] buffer = new byte[BUFFER];
        try {
            int count;
            do {
                count = read(buffer, 0, buffer.length);
            } while (count >= 0);
        } catch (IOException e) {
            switch (trouble) {
                case StoreException store -> throw store;
                case InterruptedException interrupted -> throw interrupted;
                case IOException broken -> throw broken;
                case null, default -> throw e;
            }
        }
        if (download.size().isPresent() && download.size().getAsLong() != size) {
            throw new IOException(size + " bytes came of " + download.size().getAsLong());
        }
        String sha256 = HexFormat.of().formatHex(digest.digest());
        return new Published(writer.publish(sha256), size, sha256);
    }

    /**
     * The result of the transfer.
     *
     * @param location its URI
     * @param size in bytes
     * @param sha256 lower-case hex
     */
    record Published(String location, long size, String sha256) {}

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}

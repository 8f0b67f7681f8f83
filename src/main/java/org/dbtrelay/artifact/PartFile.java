package org.dbtrelay.artifact;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ThreadLocalRandom;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;

/**
 * A file that is written under a temporary name and appears under its right name complete or not at all. Closing one that
 * was not published removes it; what a killed process leaves is removed an hour later, when another artifact comes in.
 */
final class PartFile implements ArtifactWriter {

    private static final RelayLog LOG = RelayLog.of(PartFile.class);
    private static final String SUFFIX = ".part";

    /** A transfer that is silent for 100 s is given up. */
    private static final Duration SURELY_DEAD = Duration.ofHours(1);

    private final Path target;
    private final Path path;
    private final FileChannel channel;

    private PartFile(Path target, Path path, FileChannel channel) {
        this.target = target;
        this.path = path;
        this.channel = channel;
    }

    /**
     * An empty one that will become {@code target}. Those that dead processes left are removed.
     *
     * @param incoming the directory for it, in the same file system as the target's; both are there
     */
    static PartFile of(Path incoming, Path target) throws StoreException {
        Path path =
                incoming.resolve(Long.toHexString(ThreadLocalRandom.current().nextLong()) + SUFFIX);
        try {
            // Not Files.createTempFile: that file could be read by nobody else.
            PartFile file = new PartFile(
                    target, path, FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
            removeDead(incoming, path);
            return file;
        } catch (IOException e) {
            throw trouble(e);
        }
    }

    /** By the file system's own clock, which is the same for all instances. */
    private static void removeDead(Path incoming, Path mine) {
        try (DirectoryStream<Path> all = Files.newDirectoryStream(incoming, "*" + SUFFIX)) {
            Instant now = Files.getLastModifiedTime(mine).toInstant();
            for (Path other : all) {
                if (Files.getLastModifiedTime(other).toInstant().isBefore(now.minus(SURELY_DEAD))) {
                    Files.deleteIfExists(other);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            // Another instance may have removed one at the same time.
            LOG.debug("Temporary files were not looked through", RelayLog.pair(LogKey.DETAIL, e));
        }
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws StoreException, InterruptedException {
        try {
            ByteBuffer buffer = ByteBuffer.wrap(bytes, from, length);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
        } catch (IOException e) {
            Interruption.rethrow(e);
            throw trouble(e);
        }
    }

    /** Brings what was written to the disk, gives the file its name, and brings the name to the disk, too. */
    @Override
    public String publish(String sha256) throws StoreException, InterruptedException {
        try {
            channel.force(true);
            channel.close();
            Files.move(path, target, StandardCopyOption.ATOMIC_MOVE);
            bringNameToDisk(target);
            return target.toUri().toString();
        } catch (IOException e) {
            Interruption.rethrow(e);
            throw trouble(e);
        }
    }

    /** After a loss of power a file has the name that its directory has on the disk. */
    private static void bringNameToDisk(Path file) throws IOException {
        try (FileChannel directory = FileChannel.open(file.resolveSibling("."), StandardOpenOption.READ)) {
            directory.force(true);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
            Files.deleteIfExists(path);
        } catch (IOException e) {
            LOG.warn(
                    "A temporary file could not be removed",
                    RelayLog.pair(LogKey.PATH, path),
                    RelayLog.pair(LogKey.DETAIL, e));
        }
    }

    /** The meaning of a failed call to the file system, for a person. */
    static StoreException trouble(IOException e) {
        String what = switch (e) {
            case NotDirectoryException file -> file.getFile() + " is no directory";
            case FileAlreadyExistsException file -> file.getFile() + " is in the way";
            case AccessDeniedException denied -> "permission denied for " + denied.getFile();
            case FileSystemException named
            when named.getReason() != null -> named.getReason() + " (" + named.getFile() + ")";
            // A write to a full disk throws this; its message is the system's own.
            default -> e.getClass() == IOException.class ? String.valueOf(e.getMessage()) : String.valueOf(e);
        };
        return StoreException.failed("relay.artifacts.directory cannot take it: " + what, e);
    }
}

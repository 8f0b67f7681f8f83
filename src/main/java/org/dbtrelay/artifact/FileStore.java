package org.dbtrelay.artifact;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Keeps artifacts as files. Nothing leads out of its directory, not even a symbolic link that somebody put there. */
final class FileStore extends KeepingStore {

    /** The directory of artifacts that are coming in; no layout leads here. */
    private static final String INCOMING = ".incoming";

    private final Path root;

    /**
     * A store.
     *
     * @param directory made when the first artifact comes
     * @param maxSize of an artifact, in bytes
     */
    FileStore(Path directory, StoreLayout layout, long maxSize) {
        super(layout, maxSize);
        this.root = directory.toAbsolutePath().normalize();
    }

    @Override
    ArtifactWriter writer(String key, @Nullable String contentType, long sizeLimit) throws StoreException {
        Path target = target(key);
        Path incoming = root.resolve(INCOMING);
        try {
            Files.createDirectories(root);
            Path directory = root;
            Path below = root.relativize(target);
            for (Path name : below.subpath(0, below.getNameCount() - 1)) {
                directory = directory.resolve(name);
                enter(directory);
            }
            enter(incoming);
        } catch (IOException e) {
            throw PartFile.trouble(e);
        }
        return PartFile.of(incoming, target);
    }

    private Path target(String key) throws StoreException {
        try {
            Path target = root.resolve(key).normalize();
            if (!target.startsWith(root) || target.equals(root)) {
                throw escapes();
            }
            return target;
        } catch (InvalidPathException e) {
            // Also for letters that the process's locale cannot write in file names.
            throw StoreException.unfit("its path cannot be a file name on this machine: " + e.getReason());
        }
    }

    private static void enter(Path directory) throws IOException, StoreException {
        try {
            Files.createDirectory(directory);
        } catch (FileAlreadyExistsException e) {
            if (Files.isSymbolicLink(directory)) {
                throw escapes();
            }
            if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
                throw PartFile.trouble(new NotDirectoryException(directory.toString()));
            }
        }
    }

    private static StoreException escapes() {
        return StoreException.unfit("its path would lead out of relay.artifacts.directory");
    }
}

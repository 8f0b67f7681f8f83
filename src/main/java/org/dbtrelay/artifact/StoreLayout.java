package org.dbtrelay.artifact;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import org.dbtrelay.run.RunSnapshot;
import org.dbtrelay.run.WantedArtifact;

/**
 * Where an artifact lies in the store's directory:
 * {@code <account id>/<job id>/<run id>/<step, or "last">/<path>}. Paths come from commands and from dbt Cloud, so nothing
 * in one may lead out of the directory: neither {@code ..} nor a symbolic link.
 */
final class StoreLayout {

    private final Path root;

    StoreLayout(Path directory) {
        this.root = directory.toAbsolutePath().normalize();
    }

    /** The file of the artifact; its directory is there, made if need be. */
    Path place(RunSnapshot run, WantedArtifact wanted) throws StoreException {
        Path target = resolve(run, wanted);
        try {
            Files.createDirectories(root);
            Path directory = root;
            Path below = root.relativize(target);
            for (Path name : below.subpath(0, below.getNameCount() - 1)) {
                directory = directory.resolve(name);
                enter(directory);
            }
        } catch (IOException e) {
            throw PartFile.trouble(e);
        }
        return target;
    }

    private Path resolve(RunSnapshot run, WantedArtifact wanted) throws StoreException {
        for (String segment : wanted.path().split("/", -1)) {
            if (segment.isEmpty()
                    || segment.equals(".")
                    || segment.equals("..")
                    || segment.indexOf('\\') >= 0
                    || segment.chars().anyMatch(Character::isISOControl)) {
                throw escapes();
            }
        }
        try {
            String step = wanted.step() == null ? "last" : String.valueOf(wanted.step());
            Path target = root.resolve(String.valueOf(run.accountId()))
                    .resolve(String.valueOf(run.jobId()))
                    .resolve(String.valueOf(run.runId()))
                    .resolve(step)
                    .resolve(wanted.path())
                    .normalize();
            if (!target.startsWith(root)) {
                throw escapes();
            }
            return target;
        } catch (InvalidPathException e) {
            // Also for letters that the process's locale cannot write in file names.
            throw StoreException.failed("its path cannot be a file name on this machine: " + e.getReason(), e);
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
        return StoreException.failed("its path would lead out of relay.artifacts.directory", null);
    }
}

package org.dbtrelay.dbtcloud.http;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Objects;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.jspecify.annotations.Nullable;

/**
 * The secret of a connection, fixed or from a file. Each use checks the file and reads it again when its time, size or
 * inode has changed, so a rotated secret needs no restart. A file that cannot be read leaves the last token in use.
 */
public final class ApiToken {

    private static final RelayLog LOG = RelayLog.of(ApiToken.class);
    private static final int LONGEST = 8192;

    /** There is no token to send. Its message names the file, never its content. */
    public static final class Unreadable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        /** {@code message} tells which file cannot be read. */
        public Unreadable(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    private record Version(
            FileTime modified, long size, @Nullable Object fileKey) {}

    private final @Nullable Path file;
    private @Nullable String value;

    /** The token before: an answer to a request that was sent with it may still quote it. */
    private @Nullable String before;

    private @Nullable Version version;
    private boolean complained;

    private ApiToken(@Nullable String value, @Nullable Path file) {
        this.value = value;
        this.file = file;
    }

    /** A token that does not change. */
    public static ApiToken of(String token) {
        return new ApiToken(checked(token, "The token"), null);
    }

    /** The token in a file, read at first use. */
    public static ApiToken in(Path file) {
        return new ApiToken(null, file);
    }

    /** The token of this moment. */
    public synchronized String value() {
        if (file != null) {
            refresh(file);
        }
        return Objects.requireNonNull(value);
    }

    /** The text with every occurrence of the token, and of the one before, blotted out. */
    synchronized String blotOut(String text) {
        String clean = value == null ? text : text.replace(value, "***");
        return before == null ? clean : clean.replace(before, "***");
    }

    private void refresh(Path path) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
            Version found = new Version(attributes.lastModifiedTime(), attributes.size(), attributes.fileKey());
            if (value == null || !found.equals(version)) {
                String current = checked(read(path), "The token in " + path);
                before = current.equals(value) ? before : value;
                value = current;
                version = found;
            }
            complained = false;
        } catch (IOException | Unreadable e) {
            if (value == null) {
                throw e instanceof Unreadable unreadable
                        ? unreadable
                        : new Unreadable(
                                "The token file " + path + " cannot be read: "
                                        + e.getClass().getSimpleName(),
                                e);
            }
            if (!complained) {
                complained = true;
                LOG.warn(
                        "token file cannot be used, the last token stays",
                        RelayLog.pair(LogKey.PATH, path),
                        RelayLog.pair(LogKey.REASON, e.getClass().getSimpleName()));
            }
        }
    }

    private static String read(Path path) throws IOException {
        try (InputStream in = Files.newInputStream(path)) {
            return new String(in.readNBytes(LONGEST + 1), StandardCharsets.UTF_8);
        }
    }

    private static String checked(String raw, String name) {
        String token = raw.strip();
        if (token.isEmpty()) {
            throw new Unreadable(name + " is empty.", null);
        }
        if (token.length() > LONGEST) {
            throw new Unreadable(name + " is longer than " + LONGEST + " characters.", null);
        }
        if (token.chars().anyMatch(c -> c <= ' ' || c >= 127)) {
            throw new Unreadable(name + " holds characters that no token has.", null);
        }
        return token;
    }

    @Override
    public String toString() {
        return "ApiToken[***]";
    }
}

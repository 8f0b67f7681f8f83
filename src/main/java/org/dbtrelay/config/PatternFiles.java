package org.dbtrelay.config;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dbtrelay.run.job.FailurePatterns;

/** The tables of failure patterns: the relay's own, and before it the user's ({@code relay.retry.patterns}). */
public final class PatternFiles {

    private static final String OWN = "/failure-patterns.txt";

    /** A table of 1,000 patterns of the longest kind has less. */
    private static final long LARGEST = 1024 * 1024;

    private PatternFiles() {}

    /** A file of the user's cannot be used; the message says why. */
    static final class Unusable extends Exception {
        private static final long serialVersionUID = 1L;

        private Unusable(String why) {
            super(why);
        }
    }

    /** The relay's own table, read once. */
    private static final class Own {
        private static final List<FailurePatterns.Row> ROWS = read();
        private static final FailurePatterns PATTERNS = patterns(ROWS);

        private static List<FailurePatterns.Row> read() {
            try (InputStream stream = PatternFiles.class.getResourceAsStream(OWN)) {
                if (stream == null) {
                    throw new IllegalStateException("the application lacks " + OWN);
                }
                return FailurePatterns.read(new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))
                        .lines()
                        .toList());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (FailurePatterns.Unreadable e) {
                throw new IllegalStateException(OWN, e);
            }
        }
    }

    /** The rows of the relay's own table. */
    public static List<FailurePatterns.Row> own() {
        return Own.ROWS;
    }

    /** The rows of a file of the user's. */
    static List<FailurePatterns.Row> read(Path file) throws Unusable {
        try {
            if (Files.size(file) > LARGEST) {
                throw new Unusable(file + " has more than " + LARGEST + " bytes");
            }
            return FailurePatterns.read(Files.readAllLines(file));
        } catch (IOException e) {
            throw new Unusable(
                    file + " cannot be read as UTF-8: " + e.getClass().getSimpleName());
        } catch (FailurePatterns.Unreadable e) {
            throw new Unusable(file + ": " + e.getMessage());
        }
    }

    /** Both tables; that of the user is checked before, with all of the configuration. */
    static FailurePatterns of(Optional<Path> users) {
        if (users.isEmpty()) {
            return Own.PATTERNS;
        }
        try {
            List<FailurePatterns.Row> rows = new ArrayList<>(read(users.get()));
            rows.addAll(own());
            return patterns(rows);
        } catch (Unusable e) {
            throw new IllegalStateException(e);
        }
    }

    private static FailurePatterns patterns(List<FailurePatterns.Row> rows) {
        return new FailurePatterns(
                rows.stream().map(FailurePatterns.Row::pattern).toList());
    }
}

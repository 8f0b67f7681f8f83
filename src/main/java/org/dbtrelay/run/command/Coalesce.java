package org.dbtrelay.run.command;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Commands that want the same run of a job join: one run is started for all that come within a window.
 *
 * @param quiet the window closes when no further command has come for so long; zero: commands join only while one waits anyway
 * @param atMost it closes so long after the first command at the latest
 */
public record Coalesce(Duration quiet, Duration atMost) {

    /** The longest {@code quiet}. */
    public static final Duration LONGEST_QUIET = Duration.ofHours(1);

    /** No window is open for longer. */
    public static final Duration LONGEST_WINDOW = Duration.ofHours(24);

    /**
     * When a window closes, if no further command comes.
     *
     * @param latest at the latest
     * @param lastCameAt when the last command of it has come
     */
    public Instant closesAt(Instant latest, Instant lastCameAt) {
        Instant quietAt = lastCameAt.plus(quiet);
        return quietAt.isBefore(latest) ? quietAt : latest;
    }

    /**
     * As a command says it, or the configuration of its job or its connection. A null is left to the next of them.
     *
     * @param enabled whether the command joins at all; who says how long {@code quiet} is wants it to
     */
    public record Requested(
            @Nullable Boolean enabled,
            @Nullable Duration quiet,
            @Nullable Duration atMost) {

        /** Everything as configured. */
        public static final Requested NONE = new Requested(null, null, null);

        private @Nullable Boolean wanted() {
            return (enabled == null && quiet != null) ? Boolean.TRUE : enabled;
        }

        /** The same, with gaps filled by what somebody else says. */
        Requested or(Requested other) {
            return new Requested(
                    wanted() == null ? other.wanted() : wanted(),
                    quiet == null ? other.quiet : quiet,
                    atMost == null ? other.atMost : atMost);
        }

        /** Either, with gaps in the first filled by the second; null: neither says anything. */
        static @Nullable Requested of(@Nullable Requested one, @Nullable Requested other) {
            return one == null || other == null ? (one == null ? other : one) : one.or(other);
        }

        /** What holds, with gaps filled from the configuration; null: the command joins no other. */
        @Nullable
        Coalesce over(Defaults defaults) {
            @Nullable Boolean wanted = wanted();
            return wanted == null ? defaults.enabled() ? with(defaults) : null : wanted ? with(defaults) : null;
        }

        private Coalesce with(Defaults defaults) {
            return new Coalesce(quiet == null ? defaults.quiet() : quiet, atMost == null ? defaults.atMost() : atMost);
        }
    }

    /** The values for what nobody sets. */
    public record Defaults(boolean enabled, Duration quiet, Duration atMost) {

        /** Commands do not join unless somebody says so; then while one waits anyway. */
        public static final Defaults NONE = new Defaults(false, Duration.ZERO, Duration.ofMinutes(15));
    }
}

package org.dbtrelay.metrics;

import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The log: a constant message that says what happened and what to do, and after it the pairs that say to whom. Never a token,
 * never a body.
 */
public final class RelayLog {

    private final Logger logger;

    private RelayLog(Logger logger) {
        this.logger = logger;
    }

    /** The log of a class. */
    public static RelayLog of(Class<?> type) {
        return new RelayLog(Logger.getLogger(type));
    }

    /** A log of its own, which can be sent elsewhere by its category. */
    public static RelayLog of(String category) {
        return new RelayLog(Logger.getLogger(category));
    }

    /** For progress that a person reads. */
    public void info(String message, Pair... pairs) {
        log(Logger.Level.INFO, message, null, pairs);
    }

    /** For what needs no action at once, but is not as it should be. */
    public void warn(String message, Pair... pairs) {
        log(Logger.Level.WARN, message, null, pairs);
    }

    /** For a fault of the relay: with the stack trace. */
    public void error(String message, Throwable fault, Pair... pairs) {
        log(Logger.Level.ERROR, message, fault, pairs);
    }

    /** For what somebody who follows one command wants to see. */
    public void debug(String message, Pair... pairs) {
        log(Logger.Level.DEBUG, message, null, pairs);
    }

    private void log(Logger.Level level, String message, @Nullable Throwable fault, Pair... pairs) {
        if (!logger.isEnabled(level)) {
            return;
        }
        StringBuilder line = new StringBuilder(message);
        for (Pair pair : pairs) {
            line.append(' ').append(pair.key().wireName()).append('=').append(pair.value());
        }
        logger.log(level, line, fault);
    }

    /** A key and its value. */
    public record Pair(LogKey key, @Nullable Object value) {}

    /** The pair of a key and its value. */
    public static Pair pair(LogKey key, @Nullable Object value) {
        return new Pair(key, value);
    }
}

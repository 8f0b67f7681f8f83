package org.dbtrelay.metrics;

import java.util.Collections;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.logging.Level;
import org.jboss.logmanager.ExtLogRecord;
import org.jboss.logmanager.LogContext;
import org.jboss.logmanager.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The log: a constant message that says what happened and what to do, and after it the pairs that say to whom. Never a token,
 * never a body. The pairs are also the record's own context (MDC), so that a log in JSON has each of them as a field.
 */
public final class RelayLog {

    /** The category of what the relay did to dbt Cloud, what it refused to do, and what a person changed. */
    public static final String AUDIT = "org.dbtrelay.audit";

    /** Those with a level that a person has set: JBoss LogManager forgets a logger, and its level, that nobody holds. */
    private static final Map<String, Logger> SET = new ConcurrentHashMap<>();

    private final Logger logger;

    private RelayLog(Logger logger) {
        this.logger = logger;
    }

    /** The log of a class. */
    public static RelayLog of(Class<?> type) {
        return new RelayLog(Logger.getLogger(type.getName()));
    }

    /** A log of its own, which can be sent elsewhere by its category. */
    public static RelayLog of(String category) {
        return new RelayLog(Logger.getLogger(category));
    }

    /** The categories that have a level of their own, with it. */
    public static Map<String, String> levels() {
        Map<String, String> levels = new TreeMap<>();
        LogContext context = LogContext.getLogContext();
        for (String category : Collections.list(context.getLoggerNames())) {
            Logger logger = context.getLoggerIfExists(category);
            if (logger != null && logger.getLevel() != null) {
                levels.put(category, logger.getLevel().getName());
            }
        }
        return levels;
    }

    /** Gives a category a level, {@code ERROR}, {@code WARN}, {@code INFO} or {@code DEBUG}; null for that of the one above. */
    public static void level(String category, @Nullable String level) {
        Logger logger = Logger.getLogger(category);
        logger.setLevel(level == null ? null : LogContext.getLogContext().getLevelForName(level));
        if (level == null) {
            SET.remove(category);
        } else {
            SET.put(category, logger);
        }
    }

    /** For progress that a person reads. */
    public void info(String message, Pair... pairs) {
        log(org.jboss.logmanager.Level.INFO, message, null, pairs);
    }

    /** For what needs no action at once, but is not as it should be. */
    public void warn(String message, Pair... pairs) {
        log(org.jboss.logmanager.Level.WARN, message, null, pairs);
    }

    /** For an internal error: with the stack trace. */
    public void error(String message, Throwable fault, Pair... pairs) {
        log(org.jboss.logmanager.Level.ERROR, message, fault, pairs);
    }

    /** For what somebody who follows one command wants to see. */
    public void debug(String message, Pair... pairs) {
        log(org.jboss.logmanager.Level.DEBUG, message, null, pairs);
    }

    private void log(Level level, String message, @Nullable Throwable fault, Pair... pairs) {
        if (!logger.isLoggable(level)) {
            return;
        }
        StringBuilder line = new StringBuilder(message);
        for (Pair pair : pairs) {
            line.append(' ').append(pair.key().wireName()).append('=');
            appendOneLine(line, String.valueOf(pair.value()));
        }
        // A record of our own, because the thread's context is the callers', and some share it.
        var entry =
                new ExtLogRecord(level, line.toString(), ExtLogRecord.FormatStyle.NO_FORMAT, RelayLog.class.getName());
        entry.setThrown(fault);
        for (Pair pair : pairs) {
            entry.putMdc(pair.key().wireName(), String.valueOf(pair.value()));
        }
        logger.logRaw(entry);
    }

    /** No value may look like a line of its own, or talk to the terminal. */
    private static void appendOneLine(StringBuilder line, String value) {
        for (int i = 0; i < value.length(); i++) {
            char next = value.charAt(i);
            if (Character.isISOControl(next) || next == '\u2028' || next == '\u2029') {
                line.append("\\u").append(HexFormat.of().toHexDigits(next));
            } else {
                line.append(next);
            }
        }
    }

    /** A key and its value. */
    public record Pair(LogKey key, @Nullable Object value) {}

    /** The pair of a key and its value. */
    public static Pair pair(LogKey key, @Nullable Object value) {
        return new Pair(key, value);
    }
}

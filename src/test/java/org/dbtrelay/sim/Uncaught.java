package org.dbtrelay.sim;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * While it is open, the log of the code under test is silent, and what its threads die of, or report as an internal error,
 * is kept.
 */
final class Uncaught implements AutoCloseable {

    private static final int ENOUGH = 10;

    private final Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
    private final Logger logger = Logger.getLogger("org.dbtrelay");
    private final Level level = logger.getLevel();
    private final boolean useParentHandlers = logger.getUseParentHandlers();
    private final Handler handler = new Keeping();
    private final List<String> all = new CopyOnWriteArrayList<>();

    Uncaught() {
        logger.setLevel(Level.SEVERE);
        logger.setUseParentHandlers(false);
        logger.addHandler(handler);
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> keep(thread.getName(), failure));
    }

    private final class Keeping extends Handler {
        @Override
        public void publish(LogRecord line) {
            if (line.getThrown() != null) {
                keep(line.getMessage(), line.getThrown());
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    private void keep(String what, Throwable failure) {
        if (all.size() >= ENOUGH) {
            return;
        }
        StringBuilder text = new StringBuilder(what);
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            text.append("\n ").append(cause);
            for (StackTraceElement element : cause.getStackTrace()) {
                text.append("\n  ").append(element);
            }
        }
        all.add(text.toString());
    }

    List<String> all() {
        return all;
    }

    @Override
    public void close() {
        Thread.setDefaultUncaughtExceptionHandler(before);
        logger.removeHandler(handler);
        logger.setUseParentHandlers(useParentHandlers);
        logger.setLevel(level);
    }
}

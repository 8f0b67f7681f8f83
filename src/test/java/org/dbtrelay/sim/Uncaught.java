package org.dbtrelay.sim;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Level;
import java.util.logging.Logger;

/** While it is open: whatever a thread of the code under test dies of is kept, and its log is silent. */
final class Uncaught implements AutoCloseable {

    private static final int ENOUGH = 10;

    private final Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
    private final Logger logger = Logger.getLogger("org.dbtrelay");
    private final Level level = logger.getLevel();
    private final List<String> all = new CopyOnWriteArrayList<>();

    Uncaught() {
        logger.setLevel(Level.OFF);
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> {
            if (all.size() >= ENOUGH) {
                return;
            }
            StringBuilder text =
                    new StringBuilder(thread.getName()).append(": ").append(failure);
            for (StackTraceElement element : failure.getStackTrace()) {
                text.append("\n  ").append(element);
            }
            all.add(text.toString());
        });
    }

    List<String> all() {
        return all;
    }

    @Override
    public void close() {
        Thread.setDefaultUncaughtExceptionHandler(before);
        logger.setLevel(level);
    }
}

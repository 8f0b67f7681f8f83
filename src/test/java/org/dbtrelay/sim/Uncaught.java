package org.dbtrelay.sim;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Whatever a thread of the code under test died of. */
final class Uncaught {

    private static final List<String> ALL = new CopyOnWriteArrayList<>();

    private Uncaught() {}

    static void watch() {
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> {
            StringBuilder text =
                    new StringBuilder(thread.getName()).append(": ").append(failure);
            for (StackTraceElement element : failure.getStackTrace()) {
                text.append("\n  ").append(element);
            }
            ALL.add(text.toString());
        });
    }

    static List<String> all() {
        return ALL;
    }
}

package org.dbtrelay.sim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Who did what when, in order, by simulated time. Kept as it is said; made into text only if somebody reads it. */
final class Trace {

    private final SimScheduler scheduler;
    private final List<Line> lines = new ArrayList<>();

    Trace(SimScheduler scheduler) {
        this.scheduler = scheduler;
    }

    private record Line(long at, String who, String what, List<Object> details) {}

    void say(String who, String what, Object... details) {
        lines.add(new Line(scheduler.now(), who, what, Arrays.asList(details)));
    }

    /** One line each. */
    List<String> lines() {
        return lines.stream()
                .map(line -> String.format(
                        Locale.ROOT,
                        "%9.3f s  %-10s %s",
                        line.at() / 1e9,
                        line.who(),
                        String.format(Locale.ROOT, line.what(), line.details().toArray())))
                .toList();
    }
}

package org.dbtrelay.emulator;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/** Tells once of each run that it has started and that it has ended; for webhooks. Guarded by {@link RunLife}. */
final class RunNews {
    /** Runs that have not ended yet, and whether their start has been told. */
    private final Map<Run, Boolean> watched = new LinkedHashMap<>();

    void watch(Run run) {
        watched.put(run, false);
    }

    /** What has happened until {@code now}: a view of each run at its start, and one at its end. */
    List<RunView> since(Instant now, BiFunction<Run, Instant, RunView> view) {
        List<RunView> news = new ArrayList<>();
        watched.replaceAll((run, told) -> {
            Instant start = run.startsAt;
            if (told || start == null || now.isBefore(start)) {
                return told;
            }
            if (!run.isOver(start)) {
                news.add(view.apply(run, start));
            }
            return true;
        });
        watched.keySet().removeIf(run -> {
            boolean over = run.isOver(now);
            if (over) {
                news.add(view.apply(run, now));
            }
            return over;
        });
        return news;
    }
}

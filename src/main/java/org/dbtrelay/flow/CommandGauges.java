package org.dbtrelay.flow;

import java.util.HashMap;
import java.util.Map;
import java.util.function.ObjIntConsumer;
import org.dbtrelay.metrics.RelayMetrics;
import org.dbtrelay.run.partition.Counts;

/** Reports the counts of one partition: the gauges are sums over all partitions, so each change is added to them. */
final class CommandGauges {

    private final RelayMetrics metrics;
    private final Map<String, Integer> pending = new HashMap<>();
    private final Map<String, Integer> observed = new HashMap<>();
    private final Map<Counts.InFlight, Integer> inFlight = new HashMap<>();
    private final Map<Counts.ObservedRuns, Integer> observedRuns = new HashMap<>();
    private int remembered;

    CommandGauges(RelayMetrics metrics) {
        this.metrics = metrics;
    }

    /** Adds what has changed since the last time. */
    void report(Counts counts) {
        add(pending, counts.unfinishedByConnection(), metrics::pending);
        add(observed, counts.observedByConnection(), metrics::observed);
        add(inFlight, counts.inFlight(), this::addInFlight);
        counts.takeObservedChanges().forEach(this::addObservedRuns);
        metrics.remembered(counts.finished() - remembered);
        remembered = counts.finished();
    }

    private static <K> void add(Map<K, Integer> told, Map<K, Integer> counts, ObjIntConsumer<K> gauge) {
        counts.forEach((key, count) -> {
            int change = count - told.getOrDefault(key, 0);
            if (change != 0) {
                gauge.accept(key, change);
                told.put(key, count);
            }
        });
    }

    private void addInFlight(Counts.InFlight runs, int change) {
        metrics.inFlight(runs.connection(), runs.status(), change);
    }

    private void addObservedRuns(Counts.ObservedRuns runs, int change) {
        observedRuns.merge(runs, change, (old, more) -> old + more == 0 ? null : old + more);
        metrics.observedRuns(runs.connection(), runs.jobId(), runs.status(), change);
    }

    /** The claim is over: its commands are no longer this instance's. */
    void close() {
        pending.forEach((connection, count) -> metrics.pending(connection, -count));
        observed.forEach((connection, count) -> metrics.observed(connection, -count));
        inFlight.forEach((runs, count) -> addInFlight(runs, -count));
        Map.copyOf(observedRuns).forEach((runs, count) -> addObservedRuns(runs, -count));
        metrics.remembered(-remembered);
        pending.clear();
        observed.clear();
        inFlight.clear();
        remembered = 0;
    }
}

package org.dbtrelay.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import java.time.Clock;

/** Metrics for the simulation: counted nowhere. */
public final class SimMetrics {

    private SimMetrics() {}

    /** Metrics without a registry behind them. */
    public static RelayMetrics none() {
        return on(new CompositeMeterRegistry());
    }

    /** Metrics that a test reads. */
    public static RelayMetrics on(MeterRegistry registry) {
        return new RelayMetrics(registry, new Activity(Clock.systemUTC()));
    }

    /** Metrics that count for people, and for nobody else. */
    static RelayMetrics counting(Activity activity) {
        return new RelayMetrics(new CompositeMeterRegistry(), activity);
    }
}

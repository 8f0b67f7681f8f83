package org.dbtrelay.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;

/** Metrics for the simulation: counted nowhere. */
public final class SimMetrics {

    private SimMetrics() {}

    /** Metrics without a registry behind them. */
    public static RelayMetrics none() {
        return new RelayMetrics(new CompositeMeterRegistry());
    }

    /** Metrics that a test reads. */
    public static RelayMetrics on(MeterRegistry registry) {
        return new RelayMetrics(registry);
    }
}

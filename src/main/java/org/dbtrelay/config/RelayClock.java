package org.dbtrelay.config;

import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Clock;

/** The one place that knows the machine's time. */
public final class RelayClock {

    /** The clock that everything else is given. */
    @Produces
    @Singleton
    Clock clock() {
        return Clock.systemUTC();
    }
}

package org.dbtrelay.api;

import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.core.Response;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;
import org.jspecify.annotations.Nullable;

/**
 * Refuses requests once the relay is told to stop. Quarkus answers them while it waits for earlier ones, but the partitions
 * are given up by then: this instance would know no command, and say so.
 */
@Singleton
class StopFilter {

    private volatile boolean stopping;

    void onStop(@Observes ShutdownDelayInitiatedEvent event) {
        stopping = true;
    }

    /** Behind the check of the key. */
    @ServerRequestFilter(priority = Priorities.USER + 1)
    @Nullable
    Response check() {
        return stopping ? Problem.response(Response.Status.SERVICE_UNAVAILABLE, "the relay stops") : null;
    }
}

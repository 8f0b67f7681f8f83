package org.dbtrelay.dbtcloud.http;

import static org.dbtrelay.metrics.RelayLog.pair;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.jspecify.annotations.Nullable;

/**
 * The requests to dbt Cloud that wait for an answer. When the relay stops, none begins any more, and those that wait end
 * before Quarkus takes down what its REST client runs on: a request that ended later would end in an error of its own.
 */
public final class RequestsInFlight {

    private static final RelayLog LOG = RelayLog.of(RequestsInFlight.class);

    private final Monotonic monotonic;
    private final Set<InFlight> all = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    RequestsInFlight(Monotonic monotonic) {
        this.monotonic = monotonic;
    }

    /** A request that waits for an answer until it is closed. */
    final class InFlight implements AutoCloseable {

        private final CompletableFuture<@Nullable Void> over = new CompletableFuture<>();

        @Override
        public void close() {
            all.remove(this);
            over.complete(null);
        }
    }

    /** Begins a request; null once this is closed. */
    @Nullable
    InFlight begin() {
        InFlight request = new InFlight();
        all.add(request);
        // Looked at after the request was added: either somebody waits for it, or it does not begin.
        if (closed) {
            request.close();
            return null;
        }
        return request;
    }

    /** From now on no request begins. */
    void close() {
        closed = true;
    }

    boolean isClosed() {
        return closed;
    }

    /** Waits until the last request is over, or so long. */
    void awaitLast(Duration atMost) {
        try {
            var _ = monotonic.get(
                    CompletableFuture.allOf(
                            all.stream().map(request -> request.over).toArray(CompletableFuture[]::new)),
                    atMost);
        } catch (TimeoutException e) {
            LOG.debug("Requests to dbt Cloud are in flight while the relay stops", pair(LogKey.COUNT, all.size()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }
}

package org.dbtrelay.api;

import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.ws.rs.ServiceUnavailableException;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.jspecify.annotations.Nullable;

/**
 * Reads runs with their logs, which make megabytes. An answer stays in memory until the client has it, so only a few of them are
 * there at once; the others wait.
 */
@Singleton
final class LogReads {

    private static final Set<String> WITH_LOGS = Set.of("run_steps", "debug_logs");
    private static final int AT_ONCE = 2;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Monotonic time;
    private final Duration patience;
    private final Semaphore places = new Semaphore(AT_ONCE, true);

    @Inject
    LogReads(Monotonic time) {
        this(time, PATIENCE);
    }

    LogReads(Monotonic time, Duration patience) {
        this.time = time;
        this.patience = patience;
    }

    /** A read of dbt Cloud. */
    @FunctionalInterface
    interface Read<T> {
        T now() throws DbtCloudException;
    }

    /**
     * Reads at once what has no logs, and what has them in its turn.
     *
     * @param related what the answer has beside the runs
     * @param client is cut off if it does not take the answer
     * @throws ServiceUnavailableException if its turn does not come in time
     */
    <T> T read(Collection<String> related, RoutingContext client, Read<T> read) throws DbtCloudException {
        if (Collections.disjoint(related, WITH_LOGS)) {
            return read.now();
        }
        take();
        Place place = new Place(client);
        client.addEndHandler(_ -> place.end());
        // Gone while it waited: nobody calls the handler any more.
        if (client.response().closed()) {
            place.end();
            throw new ServiceUnavailableException("the client has gone");
        }
        T answer = read.now();
        place.isAnswered();
        return answer;
    }

    private void take() {
        try {
            if (!places.tryAcquire(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new ServiceUnavailableException("others read the logs of runs at this moment; ask again");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ServiceUnavailableException("the relay stops");
        }
    }

    /** From before the read until the client has the answer, an error too, or has gone. */
    private final class Place {

        private final RoutingContext client;
        private Monotonic.@Nullable Alarm alarm;
        private boolean ended;

        Place(RoutingContext client) {
            this.client = client;
        }

        synchronized void isAnswered() {
            if (!ended) {
                alarm = time.alarm(Downloads.SLOW, () -> Downloads.cutOff(client));
            }
        }

        synchronized void end() {
            if (!ended) {
                ended = true;
                places.release();
                if (alarm != null) {
                    alarm.close();
                }
            }
        }
    }
}

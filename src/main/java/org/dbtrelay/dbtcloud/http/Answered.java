package org.dbtrelay.dbtcloud.http;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.budget.RequestBudget.Permit;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.jboss.resteasy.reactive.RestResponse;

/**
 * An answer whose head is there and whose body comes in. Its time is limited until somebody {@linkplain #goesOn() lifts}
 * that; closing it gives connection and permit back.
 */
final class Answered implements AutoCloseable {

    private static final RelayLog LOG = RelayLog.of(Answered.class);

    private final RestResponse<InputStream> response;
    private final Permit permit;
    private final AtomicBoolean late = new AtomicBoolean();
    private final Monotonic.Alarm limit;

    /** {@code left}: after so long the body is broken off. */
    Answered(RestResponse<InputStream> response, Permit permit, Duration left, Monotonic monotonic) {
        this.response = response;
        this.permit = permit;
        this.limit = monotonic.alarm(left, this::breakOff);
    }

    private void breakOff() {
        late.set(true);
        if (ResponseReader.body(response) instanceof StreamedBody body) {
            body.breakOff();
        }
    }

    RestResponse<InputStream> response() {
        return response;
    }

    Permit permit() {
        return permit;
    }

    /** Whether the body was broken off. */
    boolean isLate() {
        return late.get();
    }

    /** From here on only {@link StreamedBody} bounds the time. */
    void goesOn() {
        limit.close();
    }

    @Override
    public void close() {
        try (permit;
                limit) {
            close(response);
        }
    }

    /** Gives the connection back. The REST client closes the body of a good answer only. */
    static void close(RestResponse<InputStream> response) {
        try (response) {
            ResponseReader.body(response).close();
        } catch (IOException e) {
            LOG.debug("Answer did not close", RelayLog.pair(LogKey.DETAIL, e));
        }
    }
}

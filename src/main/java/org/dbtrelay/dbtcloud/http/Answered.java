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
    private final InputStream body;
    private final Permit permit;
    private final AtomicBoolean late = new AtomicBoolean();
    private final Monotonic.Alarm limit;

    /** {@code left}: after so long the body is broken off. */
    Answered(RestResponse<InputStream> response, Permit permit, Duration left, Monotonic monotonic) {
        this.response = response;
        this.body = ResponseReader.body(response);
        this.permit = permit;
        this.limit = monotonic.alarm(left, this::breakOff);
    }

    private void breakOff() {
        late.set(true);
        if (body instanceof StreamedBody streamed) {
            streamed.breakOff();
        }
    }

    RestResponse<InputStream> response() {
        return response;
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
            close(response, body);
        }
    }

    /** Gives the connection of an answer back. By itself the REST client does so for a good one only. */
    static void close(RestResponse<InputStream> response) {
        close(response, ResponseReader.body(response));
    }

    private static void close(RestResponse<InputStream> response, InputStream body) {
        try (response) {
            body.close();
        } catch (IOException e) {
            LOG.debug("Answer did not close", RelayLog.pair(LogKey.DETAIL, e));
        }
    }
}

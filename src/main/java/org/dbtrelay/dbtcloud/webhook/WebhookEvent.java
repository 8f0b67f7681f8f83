package org.dbtrelay.dbtcloud.webhook;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Optional;
import org.dbtrelay.dbtcloud.http.Envelope;
import org.jspecify.annotations.Nullable;

/**
 * The part of a webhook that the relay reads: its run. The relay reads the state of the run from dbt Cloud, because events
 * come twice, late and out of order.
 *
 * @param eventId the same when dbt Cloud sends the event again; null if there is none, or one that is far too long
 */
public record WebhookEvent(@Nullable String eventId, long accountId, long runId) {

    /** In characters. dbt Cloud's have some thirty; ten thousand are remembered. */
    private static final int LONGEST_EVENT_ID = 200;

    /** The event; empty for anything that names no account and run, as dbt Cloud's test payloads may do. */
    public static Optional<WebhookEvent> of(byte[] body) {
        try {
            JsonNode json = Envelope.JSON.readTree(body);
            long accountId = id(json.path("accountId"));
            long runId = id(json.path("data").path("runId"));
            String eventId = json.path("eventId").textValue();
            boolean isFit = eventId != null && eventId.length() <= LONGEST_EVENT_ID;
            return accountId > 0 && runId > 0
                    ? Optional.of(new WebhookEvent(isFit ? eventId : null, accountId, runId))
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Ids are numbers here and texts of digits there. */
    private static long id(JsonNode value) {
        if (value.isTextual()) {
            String text = value.textValue();
            return text.matches("\\d{1,18}") ? Long.parseLong(text) : 0;
        }
        return value.canConvertToExactIntegral() && value.canConvertToLong() ? value.longValue() : 0;
    }
}

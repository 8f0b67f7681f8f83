package org.dbtrelay.webhook;

import static org.dbtrelay.metrics.RelayLog.pair;

import jakarta.inject.Singleton;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.webhook.WebhookEvent;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.metrics.RelayMetrics;

/** Processes well-signed webhooks after they have been answered. */
@Singleton
class Webhooks {

    private static final RelayLog LOG = RelayLog.of(Webhooks.class);

    private final Hints hints;
    private final RelayMetrics metrics;
    private final Seen seen = new Seen();

    Webhooks(Hints hints, RelayMetrics metrics) {
        this.hints = hints;
        this.metrics = metrics;
    }

    /** Counts a webhook with a wrong signature; its body is not logged. */
    void refused(String connection) {
        metrics.webhook(connection, "wrong_signature");
        LOG.debug("A webhook was refused: its signature is wrong", pair(LogKey.CONNECTION, connection));
    }

    /** Takes the hint of a webhook, if it has one. Blocks for ten seconds at most. */
    void signed(DbtCloudClient client, byte[] body) {
        metrics.webhook(client.name(), outcome(client, body));
    }

    private String outcome(DbtCloudClient client, byte[] body) {
        Optional<WebhookEvent> read = WebhookEvent.of(body);
        if (read.isEmpty()) {
            return "no_run";
        }
        WebhookEvent event = read.get();
        if (event.accountId() != client.defaultAccountId()) {
            return "other_account";
        }
        if (event.eventId() != null && !seen.add(client.name() + ' ' + event.eventId())) {
            return "repeated";
        }
        hints.received(new Hint(event.accountId(), event.runId()));
        return "taken";
    }

    /** The last events: dbt Cloud repeats webhooks that were not answered in time, and others could replay them. */
    private static final class Seen {

        private static final int MOST = 10_000;

        private final Map<String, Boolean> ids = new LinkedHashMap<>() {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
                return size() > MOST;
            }
        };

        /** False: it was there already. */
        synchronized boolean add(String id) {
            return ids.put(id, true) == null;
        }
    }
}

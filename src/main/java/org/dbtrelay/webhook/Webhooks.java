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

/** What is done about a well-signed webhook, after it has been answered. */
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

    /** The body is no news for anybody who has not signed it. */
    void refused(String connection) {
        metrics.webhook(connection, "wrong_signature");
        LOG.debug("A webhook was refused: its signature is wrong", pair(LogKey.CONNECTION, connection));
    }

    /** Takes the hint that it gives, if it gives one. Blocks for a second at most. */
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

    /** The events seen last: dbt Cloud sends again what was not answered in time, and anybody can replay what he overheard. */
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

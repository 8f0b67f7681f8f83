package org.dbtrelay.control;

import static org.dbtrelay.metrics.RelayLog.pair;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.webhook.WebhookSignature;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.jspecify.annotations.Nullable;

/**
 * The webhook subscriptions that the relay has made, one for a connection at most, and their secrets: dbt Cloud shows a secret only to
 * the one that makes the subscription, and any instance may receive its webhooks. The topic has the secrets sealed.
 */
@Singleton
public class WebhookSecrets {

    private static final RelayLog LOG = RelayLog.of(WebhookSecrets.class);
    static final String PREFIX = "webhook/";
    private static final int VERSION = 1;

    private final Connections connections;
    private final ControlTopic topic;

    /** By connection, as the topic has said last. */
    private final Map<String, Value> said = new ConcurrentHashMap<>();

    private volatile boolean known;

    WebhookSecrets(Connections connections, ControlTopic topic) {
        this.connections = connections;
        this.topic = topic;
    }

    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    private record Value(int version, String subscription, String sealed) {
        private Value {
            Objects.requireNonNull(subscription, "subscription");
            Objects.requireNonNull(sealed, "sealed");
        }
    }

    /** Whether all that the topic had is read; it may also be absent. */
    public boolean isKnown() {
        return known;
    }

    /** Why the secret of a subscription cannot be passed on; empty: it can be. */
    public Optional<String> whyAbsent() {
        return topic.whyAbsent();
    }

    /**
     * The subscription of a connection, if this instance has its secret, by which it takes webhooks from now on. Empty: there is none, or
     * its secret is sealed with another API token.
     */
    public Optional<String> subscription(DbtCloudClient client) {
        @Nullable Value value = said.get(client.name());
        @Nullable
        WebhookSignature signature = value == null
                ? null
                : client.seal()
                        .open(value.sealed(), about(client, value.subscription()))
                        .orElse(null);
        connections.signedWith(client.name(), signature);
        return signature == null || value == null ? Optional.empty() : Optional.of(value.subscription());
    }

    /**
     * Keeps the secret of a new subscription, on this instance at once.
     *
     * @throws Switches.NotTold if the others, perhaps, do not have it
     */
    public void remember(DbtCloudClient client, String subscription, String secret) throws Switches.NotTold {
        Value value = new Value(VERSION, subscription, client.seal().seal(secret, about(client, subscription)));
        said.put(client.name(), value);
        connections.signedWith(client.name(), WebhookSignature.of(secret));
        try {
            topic.write(PREFIX + client.name(), ControlRecord.json(value));
        } catch (ControlTopic.NotConfirmed e) {
            throw new Switches.NotTold(String.valueOf(e.getMessage()), e);
        }
    }

    private static String about(DbtCloudClient client, String subscription) {
        return client.name() + "/" + client.defaultAccountId() + "/" + subscription;
    }

    /** All that the topic had is read, or there is none. */
    void known() {
        known = true;
    }

    /** A record of the topic: of this or another instance, of now or of a time before. */
    void read(String key, byte @Nullable [] value) {
        String connection = key.substring(PREFIX.length());
        if (value == null) {
            said.remove(connection);
            return;
        }
        try {
            said.put(connection, ControlRecord.read(value, Value.class));
            // A connection that is not managed any more has the secret of its configuration, or none.
            connections.find(connection).filter(DbtCloudClient::managesWebhooks).ifPresent(this::subscription);
        } catch (IOException | RuntimeException e) {
            said.remove(connection);
            LOG.warn(
                    "A record of the control topic cannot be read; the webhook subscription will be made anew",
                    pair(LogKey.CONNECTION, connection),
                    pair(LogKey.DETAIL, e));
        }
    }
}

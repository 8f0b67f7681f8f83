package org.dbtrelay.watch;

import static org.dbtrelay.metrics.RelayLog.pair;

import io.quarkus.scheduler.Scheduled;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.config.WebhookConfig;
import org.dbtrelay.control.Switches;
import org.dbtrelay.control.WebhookSecrets;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.webhook.Subscription;
import org.dbtrelay.dbtcloud.webhook.WantedSubscription;
import org.dbtrelay.dbtcloud.webhook.WantedSubscription.Plan;
import org.dbtrelay.dbtcloud.webhook.WantedSubscription.Step;
import org.dbtrelay.dbtcloud.webhook.WebhookSubscriptions;
import org.dbtrelay.ledger.OwnerStatus;
import org.dbtrelay.ledger.Owners;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.ledger.kafka.TopicCheck;
import org.dbtrelay.ledger.placement.Placement;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.metrics.RelayMetrics;
import org.jspecify.annotations.Nullable;

/**
 * Looks after the webhook subscriptions of the connections that ask for it: creates one that is missing, activates one that dbt Cloud
 * has deactivated, and tells of one that it cannot have. One instance does it for a connection, the owner of a partition. Two that
 * believe to be it for a moment may make two; the next check deletes one.
 */
@ApplicationScoped
class WebhookWatch {

    private static final RelayLog LOG = RelayLog.of(WebhookWatch.class);
    private static final String KEY = "webhook.manage";
    private static final Duration NOT_YET = Duration.ofSeconds(1);

    private final WebhookSecrets secrets;
    private final Owners owners;
    private final TopicCheck topics;
    private final Monotonic monotonic;
    private final RelayMetrics metrics;
    private final List<Managed> managed = new ArrayList<>();
    private final Map<String, Long> nextNanos = new ConcurrentHashMap<>();
    private final UnderWay<String> checks = new UnderWay<>();

    private record Managed(DbtCloudClient client, WantedSubscription wanted, Duration interval) {}

    WebhookWatch(
            RelayConfig config,
            Connections connections,
            WebhookSecrets secrets,
            Owners owners,
            TopicCheck topics,
            KafkaSettings kafka,
            Monotonic monotonic,
            RelayMetrics metrics) {
        this.secrets = secrets;
        this.owners = owners;
        this.topics = topics;
        this.monotonic = monotonic;
        this.metrics = metrics;
        config.connections().forEach((name, connection) -> {
            WebhookConfig webhook = connection.webhook();
            if (webhook.manage()) {
                URI url = endpoint(webhook.url().orElseThrow(), name);
                managed.add(new Managed(
                        connections.named(name),
                        WantedSubscription.of(kafka.deployment(), name, url),
                        webhook.interval()));
            }
        });
    }

    /** A bare host is that of the relay's own path; with a path the address is used as it is, for an ingress may have paths of its own. */
    static URI endpoint(URI url, String connection) {
        String path = url.getRawPath();
        return path == null || path.isEmpty() || path.equals("/")
                ? url.resolve("/webhooks/dbt-cloud/" + connection)
                : url;
    }

    /** Begins a check for each connection that is due and of which none is under way. */
    @Scheduled(every = "1s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    @RunOnVirtualThread
    void tick() {
        for (Managed each : managed) {
            String name = each.client().name();
            @Nullable Long next = nextNanos.get(name);
            boolean isDue = next == null || monotonic.nanos() - next >= 0;
            if (isDue) {
                checks.begin(name, () -> {
                    Duration pause = check(each) ? each.interval() : NOT_YET;
                    nextNanos.put(name, monotonic.nanos() + pause.toNanos());
                });
            }
        }
    }

    /** False: it is not known yet who is to do it. */
    private boolean check(Managed each) {
        DbtCloudClient client = each.client();
        int partitions = topics.status().partitions();
        if (!secrets.isKnown() || partitions == 0 || !owners.ownsPartitions()) {
            return false;
        }
        @Nullable String known = secrets.subscription(client).orElse(null);
        if (!isHere(client.name(), partitions)) {
            settled(client, null);
            return true;
        }
        try {
            @Nullable String absent = secrets.whyAbsent().orElse(null);
            settled(client, absent == null ? carryOut(each, known) : "it needs the control topic: " + absent);
        } catch (DbtCloudException e) {
            settled(
                    client,
                    "dbt Cloud refuses it, or cannot be asked: " + e.failure().detail());
        } catch (Switches.NotTold e) {
            settled(client, "the other instances do not have its secret: " + e.getMessage());
        } catch (RuntimeException | Error e) {
            LOG.error("Internal error: the check of a webhook subscription stopped", e, about(client));
            settled(client, "internal error");
        }
        return true;
    }

    /** Whether this instance has the partition whose owner does it. */
    private boolean isHere(String connection, int partitions) {
        int home = Placement.of(Placement.key("webhook/" + connection), partitions);
        return owners.status().stream()
                .anyMatch(owner -> owner.partition() == home && owner.phase() == OwnerStatus.Phase.SERVING);
    }

    /** What was wrong with the subscription; null: nothing, or there was none. */
    private @Nullable String carryOut(Managed each, @Nullable String known) throws DbtCloudException, Switches.NotTold {
        DbtCloudClient client = each.client();
        WebhookSubscriptions calls = client.webhookSubscriptions();
        long accountId = client.defaultAccountId();
        Plan plan = each.wanted().plan(calls.list(accountId), known);
        @Nullable
        String wrong = switch (plan.step()) {
            case Step.Keep keep -> null;
            case Step.Create create -> {
                WebhookSubscriptions.Created created = calls.create(accountId, each.wanted());
                secrets.remember(client, created.subscription().id(), created.secret());
                done(client, "created", created.subscription().id(), null);
                yield null;
            }
            case Step.Change(Subscription found) -> {
                calls.change(accountId, found.id(), each.wanted());
                done(client, found.isActive() ? "changed" : "activated", found.id(), found.deactivateReason());
                yield found.isActive()
                        ? null
                        : "it was deactivated, and the relay has activated it again; dbt Cloud gives "
                                + (found.deactivateReason() == null
                                        ? "no reason"
                                        : "as reason: " + found.deactivateReason());
            }
        };
        for (Subscription other : plan.superfluous()) {
            calls.delete(accountId, other.id());
            done(client, "deleted", other.id(), null);
        }
        return wrong;
    }

    private void done(DbtCloudClient client, String change, String id, @Nullable String reason) {
        metrics.webhookSubscription(client.name(), change);
        LOG.info(
                "The relay has changed its webhook subscription in dbt Cloud",
                about(client),
                pair(LogKey.ACTION, change),
                pair(LogKey.KEY, id),
                pair(LogKey.REASON, reason));
    }

    private void settled(DbtCloudClient client, @Nullable String wrong) {
        boolean before = client.doubts().all().containsKey(KEY);
        client.doubts().tell(KEY, wrong == null ? null : "the webhook subscription is not as it should be: " + wrong);
        metrics.webhookSubscriptionBroken(client.name(), wrong != null);
        if (wrong != null) {
            LOG.warn(
                    "The webhook subscription is not as it should be; until it is, the relay polls as without webhooks",
                    about(client),
                    pair(LogKey.DETAIL, wrong));
        } else if (before) {
            LOG.info("The webhook subscription is as it should be again", about(client));
        }
    }

    private static RelayLog.Pair about(DbtCloudClient client) {
        return pair(LogKey.CONNECTION, client.name());
    }
}

package org.dbtrelay.config;

import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.dbtrelay.run.Policy;
import org.jspecify.annotations.Nullable;

/** The configuration as the values that decisions are made with. */
public final class Policies {

    /** T_send: how long after the decision a trigger may still be sent. */
    public static final Duration SEND_WINDOW = Duration.ofSeconds(5);

    private static final int MAX_NAME = 40;

    /** The policy of this process. */
    @Produces
    @Singleton
    Policy policy(RelayConfig config) {
        return of(config);
    }

    /** The policy of a configuration. */
    public static Policy of(RelayConfig config) {
        Policy.Defaults defaults = new Policy.Defaults(
                config.poll().interval(),
                config.run().timeout(),
                cancels(config.run().onTimeout()),
                config.run().onUnclear() == OnUnclear.PARK,
                config.artifacts().paths().orElse(List.of()));
        Map<Long, Policy.Defaults> jobs = new HashMap<>();
        config.jobs()
                .forEach((id, job) -> jobs.put(
                        Long.valueOf(id),
                        new Policy.Defaults(
                                job.pollInterval().orElse(defaults.pollInterval()),
                                job.timeout().orElse(defaults.timeout()),
                                job.onTimeout().isPresent() ? cancels(job.onTimeout()) : defaults.cancelAtDeadline(),
                                job.onUnclear().map(OnUnclear.PARK::equals).orElse(defaults.parkUnclear()),
                                job.artifacts().orElse(defaults.artifacts()))));
        Map<String, Policy.ForConnection> connections = new HashMap<>();
        Duration slowest = Duration.ZERO;
        for (Map.Entry<String, RelayConfig.Connection> entry :
                config.connections().entrySet()) {
            RelayConfig.Connection connection = entry.getValue();
            if (connection.readTimeout().compareTo(slowest) > 0) {
                slowest = connection.readTimeout();
            }
            connections.put(
                    entry.getKey(),
                    ofConnection(connection, config.policy().connections().get(entry.getKey())));
        }
        return new Policy(
                deployment(config),
                config.topics().ledger(),
                config.commands().maxAge(),
                config.ledger().retention(),
                SEND_WINDOW.plus(slowest).plus(config.ledger().visibilityLag()),
                SEND_WINDOW,
                config.artifacts().patience(),
                connections,
                defaults,
                jobs);
    }

    /** The name of this deployment, as it stands in markers: {@code relay.name}, else the ledger topic's name, cut short. */
    public static String deployment(RelayConfig config) {
        String name = config.name().orElse(config.topics().ledger());
        return name.length() > MAX_NAME ? name.substring(0, MAX_NAME) : name;
    }

    /** The consumer group of the commands channel, as {@code application.properties} has it too. */
    public static String consumerGroup(RelayConfig config) {
        return config.name().orElse("dbt-cloud-relay");
    }

    private static boolean cancels(Optional<OnTimeout> onTimeout) {
        return onTimeout.map(OnTimeout.CANCEL::equals).orElse(true);
    }

    private static Policy.ForConnection ofConnection(
            RelayConfig.Connection connection, RelayConfig.@Nullable ConnectionPolicy policy) {
        Set<Long> accounts = new HashSet<>();
        accounts.add(connection.accountId());
        if (policy == null) {
            return new Policy.ForConnection(connection.accountId(), null, accounts, false, true, null);
        }
        policy.accounts().ifPresent(accounts::addAll);
        return new Policy.ForConnection(
                connection.accountId(),
                policy.jobs().orElse(null),
                accounts,
                policy.allowStepsOverride(),
                policy.allowSchemaOverride(),
                policy.allowedRunConfig().orElse(null));
    }
}

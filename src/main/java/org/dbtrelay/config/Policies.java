package org.dbtrelay.config;

import io.quarkus.runtime.configuration.DurationConverter;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import org.dbtrelay.run.command.ArtifactWish;
import org.dbtrelay.run.command.Coalesce;
import org.dbtrelay.run.command.Observed;
import org.dbtrelay.run.command.OnFailure;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.RequestedOptions;
import org.dbtrelay.run.command.RunOptions;
import org.dbtrelay.run.job.RunFilter;
import org.jspecify.annotations.Nullable;

/** The configuration as the values that decisions are made with. */
public final class Policies {

    /** T_send: how long after the decision a trigger may still be sent. */
    public static final Duration SEND_WINDOW = Duration.ofSeconds(5);

    /** In place of the ids of jobs: all of them. */
    static final String ALL = "all";

    /** In place of a duration: none. */
    static final String NOW = "now";

    private static final int MAX_NAME = 40;

    /** The policy of this process. */
    @Produces
    @Singleton
    Policy policy(RelayConfig config) {
        return of(config);
    }

    /** The policy of a configuration. */
    public static Policy of(RelayConfig config) {
        RunOptions.Defaults defaults = new RunOptions.Defaults(
                config.poll().interval(),
                config.run().timeout(),
                config.run().onTimeout().map(OnTimeout.CANCEL::equals).orElse(null),
                config.run().onUnclear() == OnUnclear.PARK,
                config.run().ifRunning(),
                config.artifacts().paths().orElse(List.of()),
                new OnFailure.Defaults(
                        config.run().onFailure().retries(),
                        config.run().onFailure().delay(),
                        config.run().onFailure().backoff(),
                        config.run().onFailure().when(),
                        config.run().onFailure().how()),
                new Coalesce.Defaults(
                        config.run().coalesce().enabled(),
                        config.run().coalesce().quiet(),
                        config.run().coalesce().atMost()),
                config.run().minInterval());
        Map<Long, RequestedOptions> jobs = new HashMap<>();
        config.jobs().forEach((id, job) -> jobs.put(Long.valueOf(id), requested(job)));
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
                config.run().cancelPatience(),
                config.artifacts().patience(),
                config.poll().longestGap(),
                connections,
                defaults,
                jobs,
                PatternFiles.of(config.retry().patterns()),
                observed(config));
    }

    /** The overlap in runs: they come with a request that is sent in any case. */
    private static final int OVERLAP_RUNS = 20;

    private static Map<String, Observed> observed(RelayConfig config) {
        Map<String, Observed> observed = new HashMap<>();
        config.connections().forEach((name, connection) -> {
            ObserveConfig observe = connection.observe();
            observe.jobs()
                    .ifPresent(jobs -> observed.put(
                            name,
                            new Observed(
                                    connection.accountId(),
                                    new RunFilter(
                                            jobs.contains(ALL)
                                                    ? null
                                                    : jobs.stream()
                                                            .map(job -> Long.valueOf(job.strip()))
                                                            .collect(Collectors.toSet()),
                                            observe.projects().orElse(null),
                                            observe.environments().orElse(null),
                                            observe.jobTypes().orElse(null),
                                            observe.nameMatches().orElse(null)),
                                    new RequestedOptions(
                                            null,
                                            observe.timeout(),
                                            false,
                                            null,
                                            null,
                                            observe.artifacts().orElse(List.of()).stream()
                                                    .map(ArtifactWish::of)
                                                    .toList()),
                                    observe.interval(),
                                    since(observe.since()),
                                    config.ledger().visibilityLag(),
                                    OVERLAP_RUNS)));
        });
        return observed;
    }

    /** How far back {@code relay.connections.<name>.observe.since} goes; null: not at all. */
    static @Nullable Duration since(String text) {
        return text.strip().equals(NOW) ? null : new DurationConverter().convert(text.strip());
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

    private static RequestedOptions requested(TermsConfig terms) {
        return new RequestedOptions(
                terms.pollInterval().orElse(null),
                terms.timeout().orElse(null),
                terms.onTimeout().map(OnTimeout.CANCEL::equals).orElse(null),
                terms.onUnclear().map(OnUnclear.PARK::equals).orElse(null),
                terms.ifRunning().orElse(null),
                terms.artifacts()
                        .map(paths -> paths.stream().map(ArtifactWish::of).toList())
                        .orElse(null),
                requested(terms.onFailure()),
                requested(terms.coalesce()),
                terms.minInterval().orElse(null));
    }

    private static Coalesce.Requested requested(CoalesceConfig coalesce) {
        return new Coalesce.Requested(
                coalesce.enabled().orElse(null),
                coalesce.quiet().orElse(null),
                coalesce.atMost().orElse(null));
    }

    private static OnFailure.Requested requested(OnFailureConfig onFailure) {
        return new OnFailure.Requested(
                orNull(onFailure.retries()),
                onFailure.delay().orElse(null),
                onFailure.backoff().orElse(null),
                onFailure.when().orElse(null),
                onFailure.how().orElse(null));
    }

    private static @Nullable Integer orNull(OptionalInt number) {
        return number.isPresent() ? number.getAsInt() : null;
    }

    private static Policy.ForConnection ofConnection(
            RelayConfig.Connection connection, RelayConfig.@Nullable ConnectionPolicy policy) {
        Set<Long> accounts = new HashSet<>();
        accounts.add(connection.accountId());
        if (policy == null) {
            return new Policy.ForConnection(
                    connection.accountId(),
                    null,
                    accounts,
                    false,
                    true,
                    null,
                    null,
                    null,
                    requested(connection.terms()));
        }
        policy.accounts().ifPresent(accounts::addAll);
        return new Policy.ForConnection(
                connection.accountId(),
                policy.jobs().orElse(null),
                accounts,
                policy.allowStepsOverride(),
                policy.allowSchemaOverride(),
                policy.allowedRunConfig().orElse(null),
                orNull(policy.maxInFlight()),
                orNull(policy.maxInFlightPerJob()),
                requested(connection.terms()));
    }
}

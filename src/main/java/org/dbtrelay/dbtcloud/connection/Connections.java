package org.dbtrelay.dbtcloud.connection;

import io.quarkus.runtime.ApplicationConfig;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.Policies;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.budget.RequestBudgets;
import org.dbtrelay.dbtcloud.http.ApiCalls;
import org.dbtrelay.dbtcloud.http.ApiToken;
import org.dbtrelay.dbtcloud.http.FailureMapper;
import org.dbtrelay.dbtcloud.http.Redirects;
import org.dbtrelay.dbtcloud.http.RestClients;
import org.dbtrelay.dbtcloud.webhook.SecretSeal;
import org.dbtrelay.dbtcloud.webhook.WebhookSignature;
import org.dbtrelay.run.command.Policy;
import org.jspecify.annotations.Nullable;

/** The configured connections to dbt Cloud, each with a client of its own, built once at start. */
@ApplicationScoped
public class Connections {

    private static final int LAST = Integer.MAX_VALUE;

    private final Map<String, DbtCloudClient> clients = new TreeMap<>();
    private final Map<String, WebhookSignature> signatures = new ConcurrentHashMap<>();
    private final boolean tellsLineage;
    private final RestClients restClients;
    private final RequestBudgets budgets;

    /** Builds a client for each connection of the configuration; sends nothing. */
    @Inject
    public Connections(RelayConfig config, ApplicationConfig application, Clock clock, Monotonic monotonic) {
        this(config, new RestClients(application.version().orElse("unknown"), monotonic), clock, monotonic);
    }

    Connections(RelayConfig config, RestClients restClients, Clock clock, Monotonic monotonic) {
        this.restClients = restClients;
        this.tellsLineage = config.openLineage().enabled();
        this.budgets = new RequestBudgets(clock, monotonic);
        config.connections().values().forEach(budgets::register);
        Policy policy = Policies.of(config);
        config.connections().forEach((name, settings) -> {
            Set<Long> accounts =
                    Objects.requireNonNull(policy.connections().get(name)).accounts();
            clients.put(name, client(name, settings, accounts, clock, monotonic));
            secret(settings.webhookSecretFile(), settings.webhookSecret())
                    .ifPresent(secret -> signatures.put(name, new WebhookSignature(secret)));
        });
    }

    /** The client of the connection; empty if the configuration has none of the name. */
    public Optional<DbtCloudClient> find(String name) {
        return Optional.ofNullable(clients.get(name));
    }

    /**
     * The client of the connection.
     *
     * @throws UnknownConnectionException if the configuration has none of the name
     */
    public DbtCloudClient named(String name) {
        return find(name).orElseThrow(() -> new UnknownConnectionException(names()));
    }

    /** The clients of all connections, in the order of their names. */
    public List<DbtCloudClient> all() {
        return List.copyOf(clients.values());
    }

    /** How the webhooks of the connection are signed; empty if it takes none. */
    public Optional<WebhookSignature> webhookSignature(String name) {
        return Optional.ofNullable(signatures.get(name));
    }

    /**
     * The webhooks of a connection are signed so, from now on.
     *
     * @param signature null: it takes none any more
     */
    public void signedWith(String name, @Nullable WebhookSignature signature) {
        if (signature == null) {
            signatures.remove(name);
        } else {
            signatures.put(name, signature);
        }
    }

    /** The names of all connections, in alphabetical order. */
    public Set<String> names() {
        return Collections.unmodifiableSet(clients.keySet());
    }

    /** Sets this instance's part of every account's rate: owned partitions / all partitions. */
    public void share(double part) {
        budgets.share(part);
    }

    private DbtCloudClient client(
            String name, RelayConfig.Connection settings, Set<Long> accounts, Clock clock, Monotonic monotonic) {
        accounts.forEach(account -> budgets.of(settings, account));
        ApiToken token = secret(settings.tokenFile(), settings.token())
                .orElseThrow(() -> new IllegalStateException("relay.connections." + name + ".token is missing."));
        ApiCalls calls = new ApiCalls(
                restClients.of(settings, token),
                new Redirects(settings.host()),
                accountId -> budgets.ofAny(settings, accountId),
                accounts,
                new FailureMapper(token, clock),
                settings.readTimeout(),
                clock,
                monotonic);
        return new DbtCloudClient(
                name,
                settings.host(),
                settings.accountId(),
                calls,
                new SecretSeal(token),
                settings.webhook().manage(),
                tellsLineage,
                clock,
                monotonic);
    }

    private static Optional<ApiToken> secret(Optional<Path> file, Optional<String> value) {
        return file.map(ApiToken::in).or(() -> value.map(ApiToken::of));
    }

    /** The partitions are given up by now, which waits for the answers to starts; the channels still have to close. */
    void onShutdown(@Observes @Priority(LAST) ShutdownEvent event) {
        close();
    }

    /** Sends nothing more to dbt Cloud: calls that begin later, or wait for an answer, fail. */
    public void close() {
        restClients.close();
    }
}

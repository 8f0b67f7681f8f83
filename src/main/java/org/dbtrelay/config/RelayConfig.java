package org.dbtrelay.config;

import io.quarkus.runtime.annotations.StaticInitSafe;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import io.smallrye.config.WithName;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.command.OnFailure;

/** Everything that can be configured under {@code relay.*}. */
@StaticInitSafe
@ConfigMapping(prefix = "relay")
public interface RelayConfig {

    /**
     * The name of this deployment: part of the marker that its runs carry, so two deployments on one dbt Cloud account know
     * their runs apart. Default: the ledger topic's name.
     */
    Optional<String> name();

    /** The longest that a stop may take; then the process ends all the same. */
    @WithDefault("25s")
    Duration stopTimeout();

    /** The Kafka topics. */
    Topics topics();

    /** The dbt Cloud accounts by a name of your choice; commands without {@code connection} use {@code default}. */
    Map<String, Connection> connections();

    /** Polling of runs. */
    Poll poll();

    /** Defaults for runs whose command and job do not say otherwise. */
    Run run();

    /** The same defaults for one job, by job id. */
    Map<String, TermsConfig> jobs();

    /** What failures are transient. */
    Retry retry();

    /** The artifacts to announce, and their store. */
    ArtifactsConfig artifacts();

    /** Permissions of commands. */
    Policy policy();

    /** Limits of a command. */
    Commands commands();

    /** The form of events. */
    EventsConfig events();

    /** Lineage of runs. */
    @WithName("openlineage")
    OpenLineageConfig openLineage();

    /** The durable state. */
    Ledger ledger();

    /** The HTTP API. */
    Api api();

    /** The page for people. */
    Page page();

    /** Conditions of readiness. */
    Health health();

    /** {@code relay.topics}. */
    interface Topics {
        /** The topic of commands. */
        @WithDefault("dbt.commands")
        String commands();

        /** The topic of events of commands and runs. */
        @WithDefault("dbt.run.events")
        String runEvents();

        /** The topic of events of artifacts. */
        @WithDefault("dbt.artifact.events")
        String artifactEvents();

        /** The topic of dead letters: records that are no command. */
        @WithDefault("dbt.commands.dlq")
        String deadLetters();

        /** The relay's own state: compacted, with as many partitions as the commands topic. */
        @WithDefault("dbt.relay.ledger")
        String ledger();

        /** The topic over which instances tell each other of webhooks; used only if a connection has a webhook secret. */
        @WithDefault("dbt.relay.hints")
        String hints();

        /** The topic that holds what applies to all instances, also after a restart. */
        @WithDefault("dbt.relay.control")
        String control();

        /** Whether missing topics are created at start. */
        @WithDefault("false")
        boolean create();

        /** The number of partitions of created topics. */
        @WithDefault("6")
        int partitions();

        /** The number of replicas of created topics; absent: the broker's default. */
        OptionalInt replicationFactor();
    }

    /** {@code relay.connections.<name>}. */
    interface Connection {
        /** The access URL of the account, as dbt Cloud's account settings show it; plain {@code http} only to loopback. */
        URI host();

        /** The account. */
        long accountId();

        /** The API token; give this or {@code token-file}. */
        Optional<String> token();

        /** A file that holds the API token; it is read again when it changes. */
        Optional<Path> tokenFile();

        /** The secret of the account's webhook subscription; with this or {@code webhook-secret-file} its webhooks are taken. */
        Optional<String> webhookSecret();

        /** A file that holds the webhook secret; it is read again when it changes. */
        Optional<Path> webhookSecretFile();

        /** The subscription itself, if the relay is to look after it. */
        WebhookConfig webhook();

        /** A forward proxy, {@code host:port}. */
        Optional<String> proxy();

        /** The name that the proxy wants. */
        Optional<String> proxyUser();

        /** The password that the proxy wants. */
        Optional<String> proxyPassword();

        /** A trust store (PEM, PKCS12 or JKS) for hosts with a certificate of your own. */
        Optional<Path> trustStore();

        /** The password of the trust store. */
        Optional<String> trustStorePassword();

        /** The time limit for opening a connection. */
        @WithDefault("5s")
        Duration connectTimeout();

        /** The time limit for a whole answer; also the hard limit of a trigger. */
        @WithDefault("30s")
        Duration readTimeout();

        /** The relay's share of the account's requests; dbt Cloud allows 5,000 a minute to all clients together. */
        @WithDefault("2500")
        int requestsPerMinute();

        /** The number of concurrent requests. */
        @WithDefault("32")
        int maxConcurrentRequests();

        /** The runs of its account that are told of, whoever has started them. */
        ObserveConfig observe();

        /** Defaults for its commands where neither they nor their job's configuration say anything. */
        TermsConfig terms();
    }

    /** {@code relay.poll}. */
    interface Poll {
        /** The longest gap between two polls of a run that may end, budget permitting. */
        @WithDefault("10s")
        Duration interval();

        /** The longest gap between two polls of a run that is far from the usual end of its job's runs; not above the interval: all are polled alike. */
        @WithDefault("1m")
        Duration longestGap();
    }

    /** {@code relay.run}. */
    interface Run {
        /** The time for which a run is followed, from the acceptance of its command. */
        @WithDefault("24h")
        Duration timeout();

        /** The treatment of a run at the time-out: {@code cancel} or {@code abandon}; absent: {@code cancel} for runs that the relay started. */
        Optional<OnTimeout> onTimeout();

        /** The time for which a command waits after its time-out for dbt Cloud to confirm that its run is cancelled. */
        @WithDefault("15m")
        Duration cancelPatience();

        /** The treatment of a command whose job already has a run in flight. */
        @WithDefault("queue")
        IfRunning ifRunning();

        /** The treatment of a start whose run can be neither found nor excluded. */
        @WithDefault("retry")
        OnUnclear onUnclear();

        /** The treatment of a command whose run has failed. */
        OnFailureDefaults onFailure();

        /** Which commands share a run. */
        CoalesceDefaults coalesce();

        /** The shortest time between two starts of a job; zero: any. */
        @WithDefault("0s")
        Duration minInterval();
    }

    /** {@code relay.run.coalesce}. */
    interface CoalesceDefaults {
        /** Whether commands that want the same run of a job share one. */
        @WithDefault("false")
        boolean enabled();

        /** So long no further one has come when the run is started. */
        @WithDefault("0s")
        Duration quiet();

        /** So long after the first one it is started at the latest. */
        @WithDefault("15m")
        Duration atMost();
    }

    /** {@code relay.run.on-failure}. */
    interface OnFailureDefaults {
        /** The number of further runs of a command, at most. */
        @WithDefault("0")
        int retries();

        /** The pause before the first of them. */
        @WithDefault("1m")
        Duration delay();

        /** Each further pause is longer by this factor. */
        @WithDefault("2.0")
        double backoff();

        /** The failures after which there is another run. */
        @WithDefault("transient")
        OnFailure.When when();

        /** How it is started. */
        @WithDefault("from_failure")
        OnFailure.How how();
    }

    /** {@code relay.retry}. */
    interface Retry {
        /** A file of more patterns by which failures are transient. */
        Optional<Path> patterns();
    }

    /** {@code relay.policy}. */
    interface Policy {
        /** The rules of one connection, by its name. */
        Map<String, ConnectionPolicy> connections();
    }

    /** {@code relay.policy.connections.<name>}. */
    interface ConnectionPolicy {
        /** The jobs that commands may run; absent: all. */
        Optional<Set<Long>> jobs();

        /** The accounts that commands may name; absent: only the connection's own. */
        Optional<Set<Long>> accounts();

        /** Whether {@code steps_override} is allowed: it is arbitrary dbt commands in production. */
        @WithDefault("false")
        boolean allowStepsOverride();

        /** Whether {@code schema_override} is allowed. */
        @WithDefault("true")
        boolean allowSchemaOverride();

        /** The fields that {@code additional_run_config} may hold; absent: all that dbt Cloud documents. */
        Optional<Set<String>> allowedRunConfig();

        /** The greatest number of the connection's runs in flight, per partition; absent: no limit. */
        OptionalInt maxInFlight();

        /** The greatest number of one job's runs in flight, per partition; absent: no limit. */
        OptionalInt maxInFlightPerJob();
    }

    /** {@code relay.commands}. */
    interface Commands {
        /** Older commands, by their record's time, are refused; must be shorter than {@code relay.ledger.retention}. */
        @WithDefault("7d")
        Duration maxAge();

        /** Larger commands are refused, in bytes. */
        @WithDefault("262144")
        int maxSize();

        /** The greatest number of unfinished commands of a partition; further ones wait in Kafka. */
        @WithDefault("10000")
        int maxPending();

        /** The greatest number of observed runs that are followed at once, in all partitions; further ones wait in dbt Cloud. */
        @WithDefault("5000")
        int maxObserved();

        /** The greatest number of unfinished commands of an instance; further ones of all its partitions wait in Kafka. */
        @WithDefault("50000")
        int maxPendingPerInstance();
    }

    /** {@code relay.ledger}. */
    interface Ledger {
        /** The time for which the id of a finished command is remembered. */
        @WithDefault("8d")
        Duration retention();

        /** The longest time for which dbt Cloud may hide a new run from its lists; nobody knows it, so the default is generous. */
        @WithDefault("120s")
        Duration visibilityLag();

        /** The interval between two sweeps of the last hour's runs for second runs of a command. */
        @WithDefault("5m")
        Duration sweepInterval();

        /** Ledger records to leave out, {@code <partition>@<offset>}: an operator's way past one that cannot be read. */
        Optional<List<String>> skip();
    }

    /** {@code relay.health}. */
    interface Health {
        /** Whether an instance is ready only when each connection has answered well once since its start. */
        @WithDefault("false")
        boolean connectionsRequired();

        /** The time after which a process ends that is not alive any more; zero: never. */
        @WithDefault("60s")
        Duration exitAfter();
    }

    /** {@code relay.page}. */
    interface Page {
        /** Whether the API's port serves the page. */
        @WithDefault("true")
        boolean enabled();
    }

    /** {@code relay.api}. */
    interface Api {
        /** The keys that open the HTTP API, by a name for each; sent as {@code Authorization: Bearer <key>}. */
        Map<String, String> keys();

        /** What the holder of a key may do, by the key's name; a key that is not named here may do everything. */
        Map<String, Role> roles();

        /** Sign-in by OpenID Connect, beside the keys. */
        OpenIdConnectConfig openidConnect();

        /**
         * Where the other instances reach this one's API, such as {@code http://10.1.2.3:8080}; with port 0, at the port at
         * which it listens. Absent: they cannot, and what only this instance knows is missing in their answers.
         */
        Optional<URI> advertisedUrl();

        /** Serve the HTTP API without a key. */
        @WithDefault("false")
        boolean open();
    }
}

package org.dbtrelay.sim;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.dbtrelay.config.Policies;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.command.Policy;

/** The configurations that processes are started with: real ones, with shorter times, so that histories are short. */
record SimConfig(RelayConfig relay, Policy policy) {

    static final String NAME = "sim";
    static final String COMMANDS = "dbt.commands";
    static final String LEDGER = "dbt.relay.ledger";
    static final String RUN_EVENTS = "dbt.run.events";
    static final String ARTIFACT_EVENTS = "dbt.artifact.events";
    static final String DEAD_LETTERS = "dbt.commands.dlq";
    static final long ACCOUNT = 4238;

    /** T_http and T_lag: what the guarantee rests on. */
    static final Duration READ_TIMEOUT = Duration.ofSeconds(8);

    static final Duration LAG = Duration.ofSeconds(15);

    /** So long a cancellation is waited for after the deadline. */
    static final Duration CANCEL_PATIENCE = Duration.ofSeconds(60);

    /** The bound of docs/guarantees.md: what comes after the deadline at the most, and some seconds for requests and commits. */
    static final Duration LONGEST_AFTER_DEADLINE = CANCEL_PATIENCE.plus(Duration.ofSeconds(30));

    /** The starts of the jobs 1 and 2 are so far apart where they are to be. */
    static final Duration INTERVAL = Duration.ofSeconds(15);

    static final int VARIANTS = 6;
    private static final List<SimConfig> ALL = all(false, false);
    private static final List<SimConfig> OBSERVING = all(true, false);
    private static final List<SimConfig> APART = all(false, true);
    private static final List<SimConfig> OBSERVING_APART = all(true, true);

    /** One of the variants, any number. */
    static SimConfig of(int variant, boolean observes, boolean apart) {
        List<SimConfig> all = apart ? (observes ? OBSERVING_APART : APART) : observes ? OBSERVING : ALL;
        return all.get(variant % VARIANTS);
    }

    /** Whether some job's commands replace what runs where they do not say what to do. */
    boolean replaces() {
        return relay.jobs().values().stream()
                .anyMatch(
                        job -> job.ifRunning().filter(IfRunning.REPLACE::equals).isPresent());
    }

    int slots() {
        return relay.connections().get("default").maxConcurrentRequests();
    }

    int requestsPerMinute() {
        return relay.connections().get("default").requestsPerMinute();
    }

    private static List<SimConfig> all(boolean observing, boolean apart) {
        List<SimConfig> all = new ArrayList<>();
        for (int variant = 0; variant < VARIANTS; variant++) {
            Map<String, String> properties = new HashMap<>();
            properties.put("relay.name", NAME);
            for (String connection : List.of("default", "other")) {
                String prefix = "relay.connections." + connection + ".";
                properties.put(prefix + "host", "https://sim.example");
                properties.put(prefix + "account-id", Long.toString(ACCOUNT));
                properties.put(prefix + "token", "dbtc_simulated");
                properties.put(prefix + "read-timeout", READ_TIMEOUT.toSeconds() + "s");
                properties.put(prefix + "requests-per-minute", variant == 1 ? "90" : "2500");
                properties.put(prefix + "max-concurrent-requests", variant == 1 ? "2" : "8");
            }
            properties.put("relay.ledger.visibility-lag", LAG.toSeconds() + "s");
            properties.put("relay.ledger.sweep-interval", "40s");
            properties.put("relay.poll.interval", variant == 2 ? "3s" : "6s");
            properties.put("relay.run.timeout", variant == 3 ? "40s" : variant == 0 ? "900s" : "150s");
            properties.put("relay.run.cancel-patience", CANCEL_PATIENCE.toSeconds() + "s");
            properties.put("relay.run.on-timeout", variant == 2 ? "abandon" : "cancel");
            properties.put("relay.run.on-unclear", "retry");
            properties.put("relay.jobs.2.on-unclear", "park");
            properties.put("relay.artifacts.patience", "20s");
            properties.put("relay.artifacts.paths", variant == 3 ? "catalog.json" : "manifest.json,run_results.json");
            properties.put("relay.policy.connections.default.jobs", "1,2,3,4,5");
            if (variant >= 4) {
                properties.put("relay.policy.connections.default.max-in-flight", variant == 4 ? "1" : "2");
                properties.put("relay.policy.connections.default.max-in-flight-per-job", "1");
            }
            if (variant == 5) {
                properties.put("relay.jobs.1.if-running", "replace");
                properties.put("relay.jobs.2.if-running", "skip");
                properties.put("relay.jobs.3.if-running", "reuse");
            }
            properties.put("relay.commands.max-pending", variant == 1 ? "2" : "1000");
            if (apart) {
                properties.put("relay.jobs.1.min-interval", INTERVAL.toSeconds() + "s");
                properties.put("relay.jobs.2.min-interval", INTERVAL.toSeconds() + "s");
            }
            if (observing) {
                String observe = "relay.connections.default.observe.";
                properties.put(observe + "jobs", variant % 2 == 0 ? "all" : "1,2,3");
                properties.put(observe + "interval", variant == 2 ? "2s" : "5s");
                properties.put(observe + "timeout", "600s");
                properties.put(observe + "artifacts", variant == 3 ? "catalog.json" : "run_results.json");
                properties.put("relay.commands.max-observed", variant == 1 || variant == 5 ? "1000" : "2");
            }
            RelayConfig config = new SmallRyeConfigBuilder()
                    .addDiscoveredConverters()
                    .withMapping(RelayConfig.class)
                    .withSources(new PropertiesConfigSource(properties, "simulation", 1000))
                    .build()
                    .getConfigMapping(RelayConfig.class);
            all.add(new SimConfig(config, Policies.of(config)));
        }
        return List.copyOf(all);
    }
}

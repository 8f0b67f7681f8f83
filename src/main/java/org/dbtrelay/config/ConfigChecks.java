package org.dbtrelay.config;

import static org.dbtrelay.config.ConfigKeys.key;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.dbtrelay.run.command.ArtifactWish;
import org.dbtrelay.run.command.Coalesce;
import org.dbtrelay.run.command.OnFailure;
import org.jspecify.annotations.Nullable;

/**
 * Checks single values of the configuration and relations between several. A broken relation is one fault, at the key that a user would
 * rather change. The bounds are code and not annotations of Bean Validation: each fault must have its reason and its key, all of them
 * must be found before Quarkus starts, and a validator would be three more libraries to load for ten bounds.
 */
final class ConfigChecks {

    private static final Duration LONGEST_APART = Duration.ofHours(24);

    /** Kafka's limit and alphabet of topic names (org.apache.kafka.common.internals.Topic). */
    private static final Pattern TOPIC = Pattern.compile("[A-Za-z0-9._-]{1,249}");

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,40}");
    private static final Pattern RECORD = Pattern.compile("\\d{1,9}@\\d{1,18}");
    private static final Pattern JOB_ID = Pattern.compile("[1-9][0-9]{0,17}");

    private static final Duration SHORTEST_INTERVAL = Duration.ofSeconds(1);
    private static final Duration LONGEST_CANCEL_PATIENCE = Duration.ofHours(24);
    private static final Duration LONGEST_INTERVAL = Duration.ofHours(1);
    private static final Duration LONGEST_LAG = Duration.ofHours(1);

    /** As in a command. */
    private static final Duration LONGEST_TIMEOUT = Duration.ofDays(30);

    private static final Duration LONGEST_RETENTION = Duration.ofDays(365);

    private static final String NO_END = "; a command must come to an end";

    /** The least difference between the time for which an id is remembered and the greatest age of its command: clocks differ. */
    private static final Duration RETENTION_MARGIN = Duration.ofHours(1);

    private static final String OF_POLLS =
            "; shorter ones spend the request budget on polls, longer ones tell of a run's end too late";
    private static final String OF_STOP =
            "; a stop needs the time to commit what is decided, and an orchestrator does not wait for hours";
    private static final String BEFORE_A_POLL = "; commands would end before their runs were polled";
    private static final String NOTHING_STARTS =
            "; with 0 nothing would ever be started, for which a connection can be suspended";

    private static final int SMALLEST_COMMAND = 1024;

    /** A Kafka topic takes 1 MiB a record unless told otherwise (max.message.bytes). */
    private static final int LARGEST_COMMAND = 1024 * 1024;

    private static final int SHORTEST_KEY = 16;

    private final List<ConfigFault> faults = new ArrayList<>();

    private ConfigChecks() {}

    /** Everything that is wrong with {@code config}; empty if nothing is. */
    static List<ConfigFault> faults(RelayConfig config) {
        ConfigChecks checks = new ConfigChecks();
        checks.name(config);
        checks.interval("relay.stop-timeout", config.stopTimeout(), OF_STOP);
        checks.topics(config.topics(), config.openLineage());
        checks.faults.addAll(ConnectionChecks.faults(config.connections()));
        checks.runs(config);
        checks.patterns(config.retry());
        config.artifacts().paths().ifPresent(paths -> checks.paths("relay.artifacts.paths", paths));
        checks.faults.addAll(ArtifactChecks.faults(config.artifacts()));
        checks.faults.addAll(LineageChecks.faults(config.openLineage(), config.connections()));
        checks.policy(config);
        checks.durability(config);
        checks.api(config.api());
        return List.copyOf(checks.faults);
    }

    /** Without a name of its own a deployment has the first 40 characters of a topic's name, which are legal if that is. */
    private void name(RelayConfig config) {
        config.name()
                .ifPresent(name -> check(
                        NAME.matcher(name).matches(),
                        "relay.name",
                        "'" + name
                                + "' is not 1 to 40 characters of A-Z, a-z, 0-9, '.', '_' and '-'; it stands in dbt Cloud's"
                                + " cause, which has room for 255"));
    }

    private void topics(RelayConfig.Topics topics, OpenLineageConfig lineage) {
        Map<String, String> byKey = new LinkedHashMap<>();
        byKey.put("relay.topics.commands", topics.commands());
        byKey.put("relay.topics.run-events", topics.runEvents());
        byKey.put("relay.topics.artifact-events", topics.artifactEvents());
        byKey.put("relay.topics.dead-letters", topics.deadLetters());
        byKey.put("relay.topics.ledger", topics.ledger());
        byKey.put("relay.topics.hints", topics.hints());
        byKey.put("relay.topics.control", topics.control());
        LineageTopic.named(lineage).ifPresent(topic -> byKey.put("relay.openlineage.topic", topic));
        Map<String, String> users = new LinkedHashMap<>();
        byKey.forEach((key, topic) -> {
            check(
                    TOPIC.matcher(topic).matches() && !topic.equals(".") && !topic.equals(".."),
                    key,
                    "'" + topic
                            + "' is no name for a Kafka topic: 1 to 249 characters of A-Z, a-z, 0-9, '.', '_' and '-'");
            String other = users.putIfAbsent(topic, key);
            check(other == null, key, "'" + topic + "' is also " + other + "; the topics must all be different");
        });
        check(
                topics.partitions() > 0,
                "relay.topics.partitions",
                topics.partitions() + " is not 1 or more; a topic needs a partition");
        atLeastOne(
                "relay.topics.replication-factor",
                topics.replicationFactor(),
                "; a topic has a copy on one broker at least");
    }

    private void runs(RelayConfig config) {
        Duration interval = config.poll().interval();
        Duration timeout = config.run().timeout();
        interval("relay.poll.interval", interval, OF_POLLS);
        interval("relay.poll.longest-gap", config.poll().longestGap(), OF_POLLS);
        longer("relay.run.timeout", timeout, "relay.poll.interval", interval);
        atMost("relay.run.timeout", timeout, LONGEST_TIMEOUT, NO_END);
        Duration patience = config.run().cancelPatience();
        check(
                !patience.isNegative() && patience.compareTo(LONGEST_CANCEL_PATIENCE) <= 0,
                "relay.run.cancel-patience",
                text(patience) + " is not between 0s and " + text(LONGEST_CANCEL_PATIENCE)
                        + "; a command must come to an end, also where dbt Cloud never confirms that its run has");
        RelayConfig.OnFailureDefaults onFailure = config.run().onFailure();
        onFailure("relay.run", onFailure.retries(), onFailure.delay(), onFailure.backoff());
        RelayConfig.CoalesceDefaults coalesce = config.run().coalesce();
        coalesce("relay.run", coalesce.quiet(), coalesce.atMost());
        minInterval("relay.run", config.run().minInterval());
        config.jobs().forEach((id, job) -> {
            check(
                    JOB_ID.matcher(id).matches(),
                    "relay.jobs." + ConfigKeys.quoted(id),
                    "'" + id + "' is not the number of a job, as in relay.jobs.559062.timeout");
            terms("relay.jobs." + ConfigKeys.quoted(id), job, config);
        });
        config.connections()
                .forEach((name, connection) ->
                        terms(key("relay.connections", name, "terms"), connection.terms(), config));
    }

    private void onFailure(String prefix, int retries, Duration delay, double backoff) {
        check(
                retries >= 0 && retries <= OnFailure.MOST_RETRIES,
                prefix + ".on-failure.retries",
                retries + " is not between 0 and " + OnFailure.MOST_RETRIES
                        + "; what fails more often does not pass by itself");
        check(
                !delay.isNegative() && delay.compareTo(OnFailure.LONGEST_DELAY) <= 0,
                prefix + ".on-failure.delay",
                text(delay) + " is not between 0s and " + text(OnFailure.LONGEST_DELAY)
                        + "; a command waits for so long before its next run");
        check(
                backoff >= 1 && backoff <= OnFailure.LARGEST_BACKOFF,
                prefix + ".on-failure.backoff",
                backoff + " is not between 1 and " + (int) OnFailure.LARGEST_BACKOFF
                        + "; each pause is as many times longer than the one before");
    }

    private void coalesce(String prefix, Duration quiet, Duration atMost) {
        check(
                !quiet.isNegative() && quiet.compareTo(Coalesce.LONGEST_QUIET) <= 0,
                prefix + ".coalesce.quiet",
                text(quiet) + " is not between 0s and " + text(Coalesce.LONGEST_QUIET)
                        + "; a command waits for so long for others before it is started");
        check(
                !atMost.isNegative() && atMost.compareTo(Coalesce.LONGEST_WINDOW) <= 0,
                prefix + ".coalesce.at-most",
                text(atMost) + " is not between 0s and " + text(Coalesce.LONGEST_WINDOW)
                        + "; a command waits for others no longer than that");
    }

    private void minInterval(String prefix, Duration interval) {
        check(
                !interval.isNegative() && interval.compareTo(LONGEST_APART) <= 0,
                prefix + ".min-interval",
                text(interval) + " is not between 0s and " + text(LONGEST_APART)
                        + "; a command waits for so long after another start of its job");
    }

    private void patterns(RelayConfig.Retry retry) {
        if (retry.patterns().isPresent()) {
            try {
                var _ = PatternFiles.read(retry.patterns().get());
            } catch (PatternFiles.Unusable e) {
                check(false, "relay.retry.patterns", String.valueOf(e.getMessage()));
            }
        }
    }

    private void terms(String prefix, TermsConfig terms, RelayConfig config) {
        String intervalKey = prefix + ".poll-interval";
        Duration interval = config.poll().interval();
        Duration timeout = config.run().timeout();
        terms.pollInterval().ifPresent(own -> interval(intervalKey, own, OF_POLLS));
        if (terms.timeout().isPresent()) {
            longer(
                    prefix + ".timeout",
                    terms.timeout().get(),
                    terms.pollInterval().isPresent() ? intervalKey : "relay.poll.interval",
                    terms.pollInterval().orElse(interval));
            atMost(prefix + ".timeout", terms.timeout().get(), LONGEST_TIMEOUT, NO_END);
        } else if (terms.pollInterval().isPresent()) {
            check(
                    terms.pollInterval().get().compareTo(timeout) < 0,
                    intervalKey,
                    text(terms.pollInterval().get()) + " is not shorter than relay.run.timeout, " + text(timeout)
                            + BEFORE_A_POLL);
        }
        OnFailureConfig onFailure = terms.onFailure();
        onFailure(
                prefix,
                onFailure.retries().orElse(0),
                onFailure.delay().orElse(Duration.ZERO),
                onFailure.backoff().orElse(1.0));
        coalesce(
                prefix,
                terms.coalesce().quiet().orElse(Duration.ZERO),
                terms.coalesce().atMost().orElse(Duration.ZERO));
        minInterval(prefix, terms.minInterval().orElse(Duration.ZERO));
        terms.artifacts().ifPresent(paths -> paths(prefix + ".artifacts", paths));
    }

    private void policy(RelayConfig config) {
        config.policy().connections().forEach((name, rules) -> {
            String prefix = "relay.policy.connections." + ConfigKeys.quoted(name);
            check(
                    config.connections().containsKey(name),
                    prefix,
                    "there is no connection of this name; relay.connections has "
                            + String.join(
                                    ", ",
                                    config.connections().keySet().stream()
                                            .sorted()
                                            .toList()));
            rules.jobs().ifPresent(ids -> positive(prefix + ".jobs", ids));
            rules.accounts().ifPresent(ids -> positive(prefix + ".accounts", ids));
            atLeastOne(prefix + ".max-in-flight", rules.maxInFlight(), NOTHING_STARTS);
            atLeastOne(prefix + ".max-in-flight-per-job", rules.maxInFlightPerJob(), NOTHING_STARTS);
        });
    }

    private void durability(RelayConfig config) {
        Duration maxAge = config.commands().maxAge();
        Duration retention = config.ledger().retention();
        int maxSize = config.commands().maxSize();
        check(
                maxSize >= SMALLEST_COMMAND && maxSize <= LARGEST_COMMAND,
                "relay.commands.max-size",
                maxSize + " is not between " + SMALLEST_COMMAND + " and " + LARGEST_COMMAND
                        + "; ordinary commands would not fit into less, and Kafka's topics take records of 1 MiB");
        positive("relay.commands.max-age", maxAge, "; every command would be put aside as expired");
        positive("relay.ledger.retention", retention, "; every id would be forgotten at once");
        atMost("relay.ledger.retention", retention, LONGEST_RETENTION, "; each claim reads what is remembered");
        check(
                maxAge.compareTo(retention.minus(RETENTION_MARGIN)) <= 0,
                "relay.commands.max-age",
                text(maxAge) + " is not at least an hour shorter than relay.ledger.retention, " + text(retention)
                        + "; an old command could start its job again after its id was forgotten");
        check(
                config.commands().maxPending() > 0,
                "relay.commands.max-pending",
                config.commands().maxPending() + " is not 1 or more; with 0 no command would be taken");
        check(
                config.commands().maxObserved() > 0,
                "relay.commands.max-observed",
                config.commands().maxObserved() + " is not 1 or more; with 0 no observed run would be told of");
        check(
                config.commands().maxPendingPerInstance() > 0,
                "relay.commands.max-pending-per-instance",
                config.commands().maxPendingPerInstance() + " is not 1 or more; with 0 no command would be taken");
        config.ledger()
                .skip()
                .ifPresent(records -> records.forEach(record -> check(
                        RECORD.matcher(record).matches(),
                        "relay.ledger.skip",
                        "'" + record + "' is not partition@offset, such as 3@1207")));
        positive(
                "relay.ledger.sweep-interval",
                config.ledger().sweepInterval(),
                "; sweeps without a pause would spend the request budget");
        atMost(
                "relay.ledger.sweep-interval",
                config.ledger().sweepInterval(),
                LONGEST_INTERVAL,
                "; a sweep reads the runs of the last hour");
        check(
                !config.health().exitAfter().isNegative(),
                "relay.health.exit-after",
                text(config.health().exitAfter()) + " is negative; with 0s the process never ends by itself");
        Duration lag = config.ledger().visibilityLag();
        check(
                !lag.isNegative() && lag.compareTo(LONGEST_LAG) <= 0,
                "relay.ledger.visibility-lag",
                text(lag) + " is not between 0s and " + text(LONGEST_LAG)
                        + "; for so long a start stays in doubt, and its job waits");
    }

    private void api(RelayConfig.Api api) {
        api.keys()
                .forEach((name, secret) -> check(
                        secret.strip().length() >= SHORTEST_KEY,
                        "relay.api.keys." + ConfigKeys.quoted(name),
                        "shorter than " + SHORTEST_KEY
                                + " characters, so it can be guessed; make one with: openssl rand -hex 32"));
        Map<String, String> names = new HashMap<>();
        new TreeMap<>(api.keys()).forEach((name, secret) -> {
            String other = names.putIfAbsent(secret.strip(), name);
            check(
                    other == null,
                    "relay.api.keys." + ConfigKeys.quoted(name),
                    "the same as relay.api.keys." + ConfigKeys.quoted(String.valueOf(other))
                            + "; whose it is decides what it may do, so each name needs a key of its own");
        });
        api.roles()
                .keySet()
                .forEach(name -> check(
                        api.keys().containsKey(name),
                        "relay.api.roles." + ConfigKeys.quoted(name),
                        "there is no relay.api.keys." + ConfigKeys.quoted(name) + " whose role this could be"));
        api.openidConnect()
                .url()
                .ifPresent(url -> check(
                        Set.of("http", "https").contains(String.valueOf(url.getScheme())) && url.getHost() != null,
                        "relay.api.openid-connect.url",
                        shown(url)
                                + " is not http or https with a host, such as https://login.example.com/realms/data"));
        api.advertisedUrl()
                .ifPresent(url -> check(
                        Set.of("http", "https").contains(String.valueOf(url.getScheme()))
                                && url.getHost() != null
                                && url.getRawUserInfo() == null
                                && url.getRawPath().isEmpty()
                                && url.getRawQuery() == null
                                && url.getRawFragment() == null,
                        "relay.api.advertised-url",
                        shown(url) + " is not http or https with a host, perhaps a port, and nothing else, such as"
                                + " http://10.1.2.3:8080"));
    }

    /** A URL with a user in it may have a password in it, too. */
    private static String shown(URI url) {
        String text = url.toString();
        return text.indexOf('@') < 0 ? "'" + text + "'" : "its value";
    }

    private void paths(String key, List<String> paths) {
        for (String path : paths) {
            @Nullable String fault = path.isBlank() ? "that are not blank" : ArtifactWish.faultOf(path);
            check(
                    fault == null,
                    key,
                    "must hold paths " + fault + ", such as manifest.json or compiled/shop/orders.sql; found '" + path
                            + "'");
        }
    }

    private void interval(String key, Duration interval, String reason) {
        check(
                interval.compareTo(SHORTEST_INTERVAL) >= 0 && interval.compareTo(LONGEST_INTERVAL) <= 0,
                key,
                text(interval) + " is not between " + text(SHORTEST_INTERVAL) + " and " + text(LONGEST_INTERVAL)
                        + reason);
    }

    private void longer(String key, Duration longer, String otherKey, Duration shorter) {
        check(
                longer.compareTo(shorter) > 0,
                key,
                text(longer) + " is not longer than " + otherKey + ", " + text(shorter) + BEFORE_A_POLL);
    }

    private void atLeastOne(String key, OptionalInt value, String reason) {
        check(value.orElse(1) > 0, key, value.orElse(1) + " is not 1 or more" + reason);
    }

    private void positive(String key, Iterable<Long> ids) {
        ids.forEach(id -> check(id > 0, key, id + " is not an id of dbt Cloud; these are above 0"));
    }

    private void atMost(String key, Duration duration, Duration longest, String reason) {
        check(duration.compareTo(longest) <= 0, key, text(duration) + " is longer than " + text(longest) + reason);
    }

    private void positive(String key, Duration duration, String reason) {
        check(duration.isPositive(), key, text(duration) + " is not longer than 0s" + reason);
    }

    private void check(boolean right, String key, String wrong) {
        if (!right) {
            faults.add(new ConfigFault(key, wrong));
        }
    }

    /** A duration as a user writes it: {@code 90s}, {@code 36h}, {@code 7d}. */
    static String text(Duration duration) {
        if (duration.toSeconds() == 0 || duration.toNanosPart() != 0) {
            return duration.isZero() ? "0s" : duration.toString();
        }
        if (duration.equals(Duration.ofDays(duration.toDays()))) {
            return duration.toDays() + "d";
        }
        if (duration.equals(Duration.ofHours(duration.toHours()))) {
            return duration.toHours() + "h";
        }
        return duration.equals(Duration.ofMinutes(duration.toMinutes()))
                ? duration.toMinutes() + "m"
                : duration.toSeconds() + "s";
    }
}

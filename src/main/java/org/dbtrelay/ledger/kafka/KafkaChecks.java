package org.dbtrelay.ledger.kafka;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigValue;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.config.SslConfigs;
import org.dbtrelay.config.ConfigFault;
import org.dbtrelay.config.KafkaKey;

/**
 * Checks the configured settings of Kafka's clients against the relay's rules and against Kafka's own, which would otherwise fail at
 * the first use with a stack trace.
 */
public final class KafkaChecks {

    private static final String NONE = "(?!)";

    /**
     * The rule for a setting.
     *
     * @param allowed all of its values that break no rule
     * @param why the rule, and what to do
     */
    private record Rule(Pattern allowed, String why) {}

    private static final Map<String, Rule> RULES = rules();

    /** The relay's clients set these themselves; a shared environment may contain them, to no effect. */
    private static final Set<String> OVERRULED = Set.of(
            ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG,
            ConsumerConfig.AUTO_COMMIT_INTERVAL_MS_CONFIG,
            ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
            CommonClientConfigs.CLIENT_ID_CONFIG,
            ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG,
            ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG,
            ProducerConfig.LINGER_MS_CONFIG,
            ProducerConfig.MAX_BLOCK_MS_CONFIG,
            ConsumerConfig.MAX_POLL_RECORDS_CONFIG,
            ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
            ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG,
            ProducerConfig.TRANSACTION_TIMEOUT_CONFIG);

    /** Channel settings that the application's own properties fix; users may set all others. */
    private static final Set<String> OF_THE_CHANNELS = Set.of(
            "acks",
            "assign-seek",
            "auto.offset.reset",
            "batch",
            "broadcast",
            "cloud-events",
            "commit-strategy",
            "concurrency",
            "connector",
            "consumer-rebalance-listener.name",
            "enable.auto.commit",
            "enable.idempotence",
            "failure-strategy",
            "group.instance.id",
            "group.protocol",
            "interceptor.classes",
            "isolation.level",
            "key.deserializer",
            "key.serializer",
            "merge",
            "partition.assignment.strategy",
            "partitioner.class",
            "partitioner.ignore.keys",
            "partitions",
            "pattern",
            "pause-if-no-requests",
            "throttled.unprocessed-record-max-age.ms",
            "topic",
            "topics",
            "transactional.id",
            "value.deserializer",
            "value.serializer");

    private static final Set<String> FILES =
            Set.of(SslConfigs.SSL_TRUSTSTORE_LOCATION_CONFIG, SslConfigs.SSL_KEYSTORE_LOCATION_CONFIG);

    /** Marks a value that a configuration provider fills in when a client is made. */
    private static final String OF_A_PROVIDER = "${";

    private static final Pattern LOGIN_MODULE = Pattern.compile("^\\s*([\\w.$]+)\\s");
    private static final String OAUTHBEARER = "OAUTHBEARER";
    private static final String TOKEN_HANDLER =
            "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler";
    private static final String KAFKAS_TOKEN_MODULE =
            "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule";

    private static final String ALLOWED_URLS = "org.apache.kafka.sasl.oauthbearer.allowed.urls";
    private static final String ALLOWED_FILES = "org.apache.kafka.sasl.oauthbearer.allowed.files";

    private final Map<String, ConfigFault> faults = new TreeMap<>();

    private KafkaChecks() {}

    private static Map<String, Rule> rules() {
        Map<String, Rule> rules = new HashMap<>();
        String transactions = "the relay writes in transactions";
        rule(rules, ProducerConfig.ACKS_CONFIG, "all|-1", transactions + "; only all is possible");
        rule(rules, ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, "(?i)true", transactions + "; only true is possible");
        rule(
                rules,
                ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION,
                "[1-5]",
                transactions + "; only 1 to 5 is possible");
        rule(rules, ProducerConfig.RETRIES_CONFIG, "0*[1-9]\\d*", transactions + "; only 1 or more is possible");
        rule(rules, "transaction.two.phase.commit.enable", "(?i)false", "the relay ends its transactions itself");
        rule(
                rules,
                ProducerConfig.TRANSACTIONAL_ID_CONFIG,
                NONE,
                "the relay calls its transactions by ledger partition");
        rule(
                rules,
                ConsumerConfig.ISOLATION_LEVEL_CONFIG,
                "(?i)read_committed",
                "a command of an aborted transaction was never sent; only read_committed is possible");
        rule(
                rules,
                ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
                "(?i)false",
                "a position is committed after its command; only false is possible");
        rule(rules, ConsumerConfig.GROUP_ID_CONFIG, NONE, "the consumer group is called after relay.name; set that");
        rule(rules, ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, NONE, "all instances would take each other's place");
        rule(rules, ConsumerConfig.GROUP_PROTOCOL_CONFIG, "(?i)classic", "only classic is possible");
        rule(rules, ConsumerConfig.GROUP_REMOTE_ASSIGNOR_CONFIG, NONE, "the relay's group uses the classic protocol");
        String bytes = "the relay reads and writes bytes itself";
        for (String name : List.of(
                ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG,
                ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG,
                ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG,
                ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG)) {
            rule(rules, name, NONE, bytes);
        }
        rule(
                rules,
                ProducerConfig.INTERCEPTOR_CLASSES_CONFIG,
                NONE,
                "an interceptor of producers is none of consumers, and may change what the ledger has to find again");
        String partitions = "all events of a command must be in one partition";
        rule(rules, ProducerConfig.PARTITIONER_CLASS_CONFIG, NONE, partitions);
        rule(rules, ProducerConfig.PARTITIONER_IGNORE_KEYS_CONFIG, "(?i)false", partitions);
        rule(
                rules,
                AdminClientConfig.BOOTSTRAP_CONTROLLERS_CONFIG,
                NONE,
                "the relay asks brokers; set kafka.bootstrap.servers");
        return Map.copyOf(rules);
    }

    private static void rule(Map<String, Rule> rules, String name, String allowed, String why) {
        rules.put(name, new Rule(Pattern.compile(allowed), why));
    }

    /** All faults of these settings, one for each key; empty if there are none. No broker is asked. */
    public static List<ConfigFault> faults(Collection<KafkaKey> given) {
        KafkaChecks checks = new KafkaChecks();
        given.forEach(checks::againstTheRules);
        List<KafkaKey> readable = given.stream()
                .filter(key -> key.everywhere() && !key.value().contains(OF_A_PROVIDER))
                .toList();
        checks.asKafkaReadsThem(readable);
        readable.stream().filter(key -> FILES.contains(key.name())).forEach(checks::mustBeAFile);
        checks.login(given);
        return List.copyOf(checks.faults.values());
    }

    /** Filters the names of settings that have no effect. */
    static List<String> overruled(Collection<String> names) {
        return names.stream().filter(OVERRULED::contains).sorted().toList();
    }

    /**
     * Lets Kafka's OAUTHBEARER client get tokens from where the configuration says. Kafka requires the same address also as a
     * system property, because in Kafka Connect others than the operator may write a configuration; here nobody else does. A property
     * that is set already stays.
     */
    public static void allowTokenSources(Collection<KafkaKey> given) {
        Map<String, String> values = new HashMap<>();
        given.stream().filter(KafkaKey::everywhere).forEach(key -> values.put(key.name(), key.value()));
        allow(ALLOWED_URLS, Stream.of(SaslConfigs.SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL), values, value -> value);
        allow(
                ALLOWED_FILES,
                Stream.of(
                        SaslConfigs.SASL_OAUTHBEARER_ASSERTION_FILE,
                        SaslConfigs.SASL_OAUTHBEARER_ASSERTION_PRIVATE_KEY_FILE,
                        SaslConfigs.SASL_OAUTHBEARER_ASSERTION_TEMPLATE_FILE),
                values,
                value -> Path.of(value).toAbsolutePath().toString());
    }

    private static void allow(
            String property, Stream<String> names, Map<String, String> values, UnaryOperator<String> asKafkaWritesIt) {
        List<String> allowed = names.map(values::get)
                .filter(value -> value != null && !value.isBlank())
                .map(asKafkaWritesIt)
                .toList();
        if (!allowed.isEmpty() && System.getProperty(property) == null) {
            System.setProperty(property, String.join(",", allowed));
        }
    }

    private void againstTheRules(KafkaKey key) {
        if (!key.everywhere()) {
            if (OF_THE_CHANNELS.contains(key.name())) {
                wrong(key, "it is a part of how the relay works; leave it out");
            }
            return;
        }
        Rule rule = RULES.get(key.name());
        if (rule != null && !rule.allowed().matcher(key.value()).matches()) {
            wrong(key, "'" + key.value() + "' cannot be: " + rule.why() + ". Leave it out");
        }
    }

    /** Applies Kafka's own checks of single values. Kafka's message repeats the value, so for a secret the fault leaves it out. */
    private void asKafkaReadsThem(List<KafkaKey> given) {
        Map<String, String> values = new HashMap<>();
        Map<String, KafkaKey> byName = new HashMap<>();
        given.forEach(key -> {
            values.put(key.name(), key.value());
            byName.put(key.name(), key);
        });
        for (ConfigDef kafkas :
                List.of(AdminClientConfig.configDef(), ProducerConfig.configDef(), ConsumerConfig.configDef())) {
            for (ConfigValue checked : kafkas.validateAll(values).values()) {
                ConfigDef.ConfigKey known = kafkas.configKeys().get(checked.name());
                KafkaKey key = byName.get(checked.name());
                if (known != null && key != null && !checked.errorMessages().isEmpty()) {
                    wrong(
                            key,
                            known.type() == ConfigDef.Type.PASSWORD
                                    ? "Kafka cannot use its value"
                                    : checked.errorMessages().getFirst());
                }
            }
        }
    }

    private void mustBeAFile(KafkaKey key) {
        if (!Files.isReadable(Path.of(key.value()))) {
            wrong(key, "'" + key.value() + "' does not exist, or cannot be read");
        }
    }

    private void login(Collection<KafkaKey> given) {
        Optional<KafkaKey> jaas = find(given, SaslConfigs.SASL_JAAS_CONFIG);
        boolean sasl = find(given, CommonClientConfigs.SECURITY_PROTOCOL_CONFIG)
                .filter(protocol -> protocol.value().startsWith("SASL_"))
                .isPresent();
        if (!sasl) {
            return;
        }
        if (jaas.isEmpty()) {
            if (System.getProperty("java.security.auth.login.config") == null) {
                missing(SaslConfigs.SASL_JAAS_CONFIG, "with SASL it says who the relay is");
            }
            return;
        }
        if (jaas.get().value().contains(OF_A_PROVIDER)) {
            return;
        }
        var module = LOGIN_MODULE.matcher(jaas.get().value());
        if (!module.find()) {
            wrong(
                    jaas.get(),
                    "it does not begin with the name of a login module, as in 'org.….ScramLoginModule required …;'");
        } else if (!isThere(module.group(1))) {
            wrong(
                    jaas.get(),
                    "there is no login module " + module.group(1)
                            + " here; docs/kafka.md tells how to add a jar to the relay");
        } else if (module.group(1).equals(KAFKAS_TOKEN_MODULE)
                && find(given, SaslConfigs.SASL_MECHANISM)
                        .filter(mechanism -> mechanism.value().equals(OAUTHBEARER))
                        .isPresent()
                && find(given, SaslConfigs.SASL_LOGIN_CALLBACK_HANDLER_CLASS).isEmpty()) {
            missing(
                    SaslConfigs.SASL_LOGIN_CALLBACK_HANDLER_CLASS,
                    "without it Kafka's client makes tokens that nobody has signed; " + TOKEN_HANDLER
                            + " gets them from kafka." + SaslConfigs.SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL);
        }
    }

    private static Optional<KafkaKey> find(Collection<KafkaKey> given, String name) {
        return given.stream()
                .filter(key -> key.everywhere() && key.name().equals(name))
                .findFirst();
    }

    private static boolean isThere(String className) {
        try {
            Class.forName(className, false, Thread.currentThread().getContextClassLoader());
            return true;
        } catch (ClassNotFoundException | LinkageError e) {
            return false;
        }
    }

    private void missing(String name, String why) {
        faults.putIfAbsent("kafka." + name, new ConfigFault("kafka." + name, "missing; " + why));
    }

    private void wrong(KafkaKey key, String what) {
        faults.putIfAbsent(key.key(), new ConfigFault(key.key(), what + key.origin()));
    }
}

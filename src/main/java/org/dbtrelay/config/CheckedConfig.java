package org.dbtrelay.config;

import io.quarkus.runtime.configuration.ConfigUtils;
import io.smallrye.config.ConfigValidationException;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads the configuration from where Quarkus will read it (system properties, environment, {@code .env},
 * {@code config/application.properties}, the application's own properties, by the active profile), before Quarkus starts,
 * and tells all that is wrong with it at once. Quarkus itself would stop at the first fault, with a stack trace.
 */
public final class CheckedConfig {

    /**
     * The variables that Kubernetes puts into every pod's environment for a service called {@code relay} or {@code relay-…}: these are
     * nobody's mistake.
     */
    private static final Pattern SERVICE_LINK =
            Pattern.compile("RELAY_(\\w+_)?(SERVICE_HOST|SERVICE_PORT(_\\w+)?|PORT|PORT_\\d+_\\w+)");

    private static final Pattern CHANNEL =
            Pattern.compile("mp\\.messaging\\.(?:incoming|outgoing|connector)\\.[\\w-]+\\.(.+)");

    /** The ordinal of {@code application.properties} in the jar. */
    private static final int OF_THE_APPLICATION = 250;

    private CheckedConfig() {}

    /**
     * The configuration with which this process was started.
     *
     * @param faults all faults, by key; empty if it is right
     * @param config what it says; null where so much is wrong that it says nothing
     * @param kafka what it says of Kafka's clients; not checked
     */
    public record Checked(
            List<ConfigFault> faults, @Nullable RelayConfig config, List<KafkaKey> kafka) {}

    /** Reads the configuration that this process was started with. */
    public static Checked read() {
        return read(ConfigUtils.configBuilder());
    }

    /** All faults of what {@code builder} would read. */
    static List<ConfigFault> faults(SmallRyeConfigBuilder builder) {
        return read(builder).faults();
    }

    /** The values that {@code builder} would read. */
    static Checked read(SmallRyeConfigBuilder builder) {
        ConfigKeys keys = ConfigKeys.declared();
        ValueChecks values = new ValueChecks(keys);
        SmallRyeConfig config;
        try {
            config = builder.withMapping(RelayConfig.class)
                    .withValidateUnknown(false)
                    .withInterceptors(values)
                    .build();
        } catch (ConfigValidationException unforeseen) {
            return new Checked(
                    Stream.concat(values.faults().stream(), unforeseen(unforeseen))
                            .toList(),
                    null,
                    List.of());
        }
        List<ConfigFault> faults = new ArrayList<>(values.faults());
        faults.addAll(unknown(keys, config));
        Set<String> faulty = faults.stream().map(ConfigFault::key).collect(Collectors.toSet());
        // A value that stands in for a missing or unreadable one must not be complained about.
        RelayConfig mapped = config.getConfigMapping(RelayConfig.class);
        ConfigChecks.faults(mapped).stream()
                .filter(fault -> !faulty.contains(fault.key()))
                .forEach(faults::add);
        List<KafkaKey> kafka = kafka(config, faults);
        faults.sort(Comparator.comparing(ConfigFault::key));
        return new Checked(List.copyOf(faults), mapped, kafka);
    }

    /** As Quarkus reads {@code kafka.*}, in capitals and with underscores too; and what is set over the application's own channels. */
    private static List<KafkaKey> kafka(SmallRyeConfig config, List<ConfigFault> faults) {
        Map<String, KafkaKey> found = new TreeMap<>();
        Map<String, ConfigFault> unresolved = new TreeMap<>();
        for (String property : config.getPropertyNames()) {
            String lower = property.toLowerCase(Locale.ROOT);
            boolean everywhere = lower.startsWith("kafka.") || lower.startsWith("kafka_");
            Matcher channel = CHANNEL.matcher(property);
            if (!channel.matches() && (!everywhere || lower.startsWith("kafka.ui"))) {
                continue;
            }
            ConfigValue value = config.getConfigValue(property);
            String name = everywhere ? lower.substring("kafka.".length()).replace('_', '.') : channel.group(1);
            String key = everywhere ? "kafka." + name : property;
            if (value.hasProblems()) {
                unresolved.put(key, new ConfigFault(key, ValueChecks.UNRESOLVED + ValueChecks.origin(value)));
            } else if (everywhere || value.getConfigSourceOrdinal() > OF_THE_APPLICATION) {
                String text = value.getValue() == null ? "" : value.getValue();
                found.putIfAbsent(key, new KafkaKey(key, name, text, ValueChecks.origin(value), everywhere));
            }
        }
        faults.addAll(unresolved.values());
        return List.copyOf(found.values());
    }

    /** The faults that only the mapping finds, after {@link ValueChecks} found none. */
    private static Stream<ConfigFault> unforeseen(ConfigValidationException refused) {
        return IntStream.range(0, refused.getProblemCount())
                .mapToObj(i -> new ConfigFault(
                        "relay", withoutValue(refused.getProblem(i).getMessage())));
    }

    private static String withoutValue(String message) {
        return message.replaceAll("(?s) with the config value \".*\" threw", " threw");
    }

    private static List<ConfigFault> unknown(ConfigKeys keys, SmallRyeConfig config) {
        Set<String> names = new TreeSet<>();
        for (String name : config.getPropertyNames()) {
            if (name.startsWith("relay.") && keys.find(name).isEmpty()) {
                names.add(name);
            }
        }
        return names.stream()
                .map(config::getConfigValue)
                .filter(value -> !ofEnvironment(value)
                        || !SERVICE_LINK
                                .matcher(ValueChecks.variable(value.getName()))
                                .matches())
                .map(value -> new ConfigFault(value.getName(), unknown(keys, value)))
                .toList();
    }

    private static String unknown(ConfigKeys keys, ConfigValue value) {
        Optional<String> meant =
                ofEnvironment(value) ? keys.variableMeant(ValueChecks.variable(value.getName())) : Optional.empty();
        return "there is no such key"
                + meant.or(() -> keys.nearest(value.getName()))
                        .map(key -> "; did you mean " + key + "?")
                        .orElse("; docs/configuration.md lists all of them")
                + ValueChecks.origin(value);
    }

    private static boolean ofEnvironment(ConfigValue value) {
        String source = value.getConfigSourceName();
        return source != null && source.startsWith(EnvConfigSource.NAME);
    }
}

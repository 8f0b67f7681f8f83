package org.dbtrelay.config;

import io.smallrye.config.ConfigSourceInterceptor;
import io.smallrye.config.ConfigSourceInterceptorContext;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import jakarta.annotation.Priority;
import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.dbtrelay.run.job.Truncate;
import org.jspecify.annotations.Nullable;

/**
 * Looks at every value while {@link RelayConfig} is being mapped, notes the missing and the unreadable ones, and hands out
 * something readable in their place. So one mapping finds all faults instead of the first, and the checks of the values
 * that are right can still be made.
 */
@Priority(Integer.MAX_VALUE)
final class ValueChecks implements ConfigSourceInterceptor {

    static final String UNRESOLVED =
            "its expression cannot be resolved; set what it names, or give a default as in ${NAME:default}";

    private static final int LONGEST_SHOWN = 60;
    private static final Map<String, String> HINTS = Map.of(
            "host", "the access URL of the account, such as https://ab123.us1.dbt.com",
            "account-id", "the account's number");

    private final transient ConfigKeys keys;
    private final transient SmallRyeConfig converters;
    private final transient Map<String, ConfigFault> faults = new TreeMap<>();

    ValueChecks(ConfigKeys keys) {
        this.keys = keys;
        // Without sources: only the converters are wanted, and these are the ones that Quarkus' own start uses.
        this.converters = new SmallRyeConfigBuilder().addDiscoveredConverters().build();
    }

    /** The faults found so far by key, at most one for each. */
    List<ConfigFault> faults() {
        return List.copyOf(faults.values());
    }

    @Override
    public @Nullable ConfigValue getValue(ConfigSourceInterceptorContext context, String name) {
        ConfigValue found = context.proceed(name);
        Optional<ConfigKey> key = name.startsWith("relay.") && !name.contains("*") ? keys.find(name) : Optional.empty();
        if (key.isEmpty() || (found == null && !key.get().required())) {
            return found;
        }
        Optional<String> wrong = fault(key.get(), found);
        if (wrong.isEmpty()) {
            return found;
        }
        String normal = ConfigKeys.normal(name);
        faults.putIfAbsent(normal, new ConfigFault(normal, wrong.get() + origin(found)));
        return standIn(key.get(), name);
    }

    private Optional<String> fault(ConfigKey key, @Nullable ConfigValue found) {
        if (found != null && found.hasProblems()) {
            return Optional.of(UNRESOLVED);
        }
        if (found == null || found.getValue() == null || found.getValue().isBlank()) {
            return ifEmpty(key, found);
        }
        List<String> values = key.many() ? List.of(found.getValue().split("(?<!\\\\),")) : List.of(found.getValue());
        return values.stream()
                .map(String::strip)
                .filter(value -> !readable(key.type(), value))
                .findFirst()
                .map(value -> shown(key, value) + " is not " + kind(key.type()));
    }

    private static Optional<String> ifEmpty(ConfigKey key, @Nullable ConfigValue found) {
        if (key.required()) {
            String hint = HINTS.get(key.pattern().substring(key.pattern().lastIndexOf('.') + 1));
            return Optional.of(
                    (found == null ? "missing" : "empty") + "; it must be " + (hint == null ? kind(key.type()) : hint));
        }
        // A list that is empty is a list.
        if (key.defaultValue() != null && !key.many()) {
            return Optional.of("empty; leave it out for the default, " + key.defaultValue());
        }
        return Optional.empty();
    }

    private boolean readable(Class<?> type, String value) {
        if (type == boolean.class) {
            // SmallRye takes every word that it does not know for "no"; a slip of the pen must not switch something
            // off.
            return value.matches("(?i)true|false");
        }
        try {
            return converters.requireConverter(type).convert(value) != null;
        } catch (IllegalArgumentException unreadable) {
            return false;
        }
    }

    /** The default, or a value of the type that no check will object to; null for what may be absent. */
    private static @Nullable ConfigValue standIn(ConfigKey key, String name) {
        String value = key.defaultValue();
        if (value == null && key.required()) {
            value = key.type() == URI.class
                    ? "https://stand-in.invalid"
                    : key.type() == long.class ? "1" : "stand-in-0123456789";
        }
        if (value == null && name.endsWith("]")) {
            value = "1";
        }
        return value == null
                ? null
                : ConfigValue.builder().withName(name).withValue(value).build();
    }

    private static String shown(ConfigKey key, String value) {
        if (key.secretive()) {
            return "its value";
        }
        return "'" + Truncate.withEllipsis(LONGEST_SHOWN, value) + "'";
    }

    private static String kind(Class<?> type) {
        if (type == Duration.class) {
            return "a duration, such as 30s, 5m, 24h, 7d or PT30S";
        }
        if (type == boolean.class) {
            return "true or false";
        }
        if (type == int.class) {
            return "a whole number up to " + Integer.MAX_VALUE;
        }
        if (type == long.class || type == Long.class) {
            return "a whole number";
        }
        if (type == double.class || type == Double.class) {
            return "a number, such as 1.5";
        }
        if (type == URI.class) {
            return "a URL";
        }
        if (type.isEnum()) {
            return Arrays.stream(type.getEnumConstants())
                    .map(constant -> constant.toString().toLowerCase(Locale.ROOT))
                    .collect(Collectors.joining(", ", "one of ", ""));
        }
        return "a text";
    }

    /** The source of a value, as far as it helps to find it. */
    static String origin(@Nullable ConfigValue value) {
        String source = value == null ? null : value.getConfigSourceName();
        if (value == null || source == null) {
            return "";
        }
        int file = source.indexOf("[source=");
        if (file >= 0) {
            return " (from " + source.substring(file + "[source=".length(), source.length() - 1) + ")";
        }
        if (source.equals(EnvConfigSource.NAME)) {
            return " (from the environment variable " + variable(value.getName()) + ")";
        }
        return source.startsWith("SysPropConfigSource") ? " (from a system property)" : "";
    }

    /** The environment variable that sets a key. */
    static String variable(String key) {
        return key.replaceAll("[^A-Za-z0-9]", "_").toUpperCase(Locale.ROOT);
    }
}

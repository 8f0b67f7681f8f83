package org.dbtrelay.config;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import io.smallrye.config.WithName;
import io.smallrye.config.common.utils.StringUtil;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** All keys that {@link RelayConfig} declares, read from its methods, so that there is no second list to keep. */
public final class ConfigKeys {

    private static final Pattern SEGMENT = Pattern.compile("\"([^\"]*)\"|([^.\"]+)");
    private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z0-9_-]+");
    private static final Pattern INDEX = Pattern.compile("\\[\\d+]$");

    private final List<ConfigKey> keys;

    private ConfigKeys(List<ConfigKey> keys) {
        this.keys = List.copyOf(keys);
    }

    /** The keys of {@link RelayConfig}. */
    public static ConfigKeys declared() {
        List<ConfigKey> keys = new ArrayList<>();
        String prefix = RelayConfig.class.getAnnotation(ConfigMapping.class).prefix();
        collect(RelayConfig.class, prefix, keys);
        keys.sort(Comparator.comparing(ConfigKey::pattern));
        return new ConfigKeys(keys);
    }

    /** All of them, by name. */
    public List<ConfigKey> all() {
        return keys;
    }

    /** The declared key that {@code name} stands for, if there is one; an index at its end is ignored. */
    public Optional<ConfigKey> find(String name) {
        List<String> segments = segments(name);
        return keys.stream().filter(key -> key.matches(segments)).findFirst();
    }

    /** The declared key that {@code name} was probably meant to be, with the user's own names in it. */
    public Optional<String> nearest(String name) {
        List<String> segments = segments(name);
        return Spelling.nearest(
                name,
                keys.stream()
                        .filter(key -> key.pattern().split("\\.").length == segments.size())
                        .map(key -> fill(key.pattern(), segments))
                        .toList());
    }

    /**
     * The spelling of an environment variable with a name of the user's choice that is a number or has several words: SmallRye
     * takes a number for an index and a single underscore for a dot, unless the name stands between double underscores.
     */
    Optional<String> variableMeant(String variable) {
        for (ConfigKey key : keys) {
            int star = key.pattern().indexOf('*');
            if (star < 0) {
                continue;
            }
            String start = ValueChecks.variable(key.pattern().substring(0, star));
            String end = ValueChecks.variable(key.pattern().substring(star + 1));
            if (variable.length() > start.length() + end.length()
                    && variable.startsWith(start)
                    && variable.endsWith(end)) {
                String name = variable.substring(start.length(), variable.length() - end.length());
                return Optional.of(start + '_' + name + (end.isEmpty() ? "__" : '_' + end));
            }
        }
        return Optional.empty();
    }

    /** {@code prefix.name.rest}, with quotes around the name where it needs them. */
    static String key(String prefix, String name, String rest) {
        return prefix + '.' + quoted(name) + '.' + rest;
    }

    /** The key without quotes that it does not need and without an index at its end. */
    static String normal(String name) {
        return String.join(".", segments(name).stream().map(ConfigKeys::quoted).toList());
    }

    /** A name that the user chose, with quotes if it holds more than letters, digits, {@code _} and {@code -}. */
    static String quoted(String name) {
        return PLAIN_NAME.matcher(name).matches() ? name : '"' + name + '"';
    }

    private static List<String> segments(String name) {
        Matcher matcher = SEGMENT.matcher(INDEX.matcher(name).replaceFirst(""));
        List<String> segments = new ArrayList<>();
        while (matcher.find()) {
            segments.add(matcher.group(1) != null ? matcher.group(1) : matcher.group(2));
        }
        return segments;
    }

    private static String fill(String pattern, List<String> segments) {
        String[] parts = pattern.split("\\.");
        IntStream.range(0, parts.length)
                .filter(i -> parts[i].equals("*"))
                .forEach(i -> parts[i] = quoted(segments.get(i)));
        return String.join(".", parts);
    }

    private static void collect(Class<?> group, String prefix, List<ConfigKey> keys) {
        for (Method method : group.getDeclaredMethods()) {
            if (method.isSynthetic() || Modifier.isStatic(method.getModifiers())) {
                continue;
            }
            WithName named = method.getAnnotation(WithName.class);
            String name = prefix + '.' + (named == null ? StringUtil.skewer(method.getName()) : named.value());
            WithDefault byDefault = method.getAnnotation(WithDefault.class);
            collect(method.getGenericReturnType(), name, byDefault == null ? null : byDefault.value(), keys);
        }
    }

    private static void collect(Type type, String name, @Nullable String byDefault, List<ConfigKey> keys) {
        if (type instanceof ParameterizedType generic) {
            Class<?> raw = (Class<?>) generic.getRawType();
            Type[] arguments = generic.getActualTypeArguments();
            if (raw == Map.class) {
                collect(arguments[1], name + ".*", byDefault, keys);
            } else if (raw == Optional.class && arguments[0] instanceof Class<?> element) {
                keys.add(new ConfigKey(name, element, false, false, byDefault));
            } else if (raw == Optional.class) {
                keys.add(new ConfigKey(name, element((ParameterizedType) arguments[0]), true, false, byDefault));
            } else {
                keys.add(new ConfigKey(name, element(generic), true, byDefault == null, byDefault));
            }
        } else if (type == OptionalInt.class) {
            keys.add(new ConfigKey(name, int.class, false, false, byDefault));
        } else if (type instanceof Class<?> group
                && group.isInterface()
                && group.getPackage() == RelayConfig.class.getPackage()) {
            collect(group, name, keys);
        } else {
            keys.add(new ConfigKey(name, (Class<?>) type, false, byDefault == null, byDefault));
        }
    }

    private static Class<?> element(ParameterizedType type) {
        if (!Collection.class.isAssignableFrom((Class<?>) type.getRawType())) {
            throw new IllegalStateException("A configuration value of the type " + type + " is not foreseen here.");
        }
        return (Class<?>) type.getActualTypeArguments()[0];
    }
}

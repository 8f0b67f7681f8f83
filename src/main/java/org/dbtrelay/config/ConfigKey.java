package org.dbtrelay.config;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One key of the configuration, as {@link RelayConfig} declares it.
 *
 * @param pattern the key with {@code *} for a name that the user chooses, such as {@code relay.connections.*.host}
 * @param type the type of its value, or of one element if it takes several
 * @param many whether it takes several values, separated by commas
 * @param required whether it must be there, if anything beside it is
 * @param defaultValue what holds if it is absent; null if there is no default
 */
public record ConfigKey(
        String pattern,
        Class<?> type,
        boolean many,
        boolean required,
        @Nullable String defaultValue) {

    /** The last part of keys whose values are, or may by mistake be, a secret: they are never shown. */
    private static final Set<String> SECRETIVE = Set.of(
            "host",
            "account-id",
            "token",
            "token-file",
            "webhook-secret",
            "webhook-secret-file",
            "proxy",
            "proxy-user",
            "proxy-password",
            "trust-store-password");

    /** Whether the value must not be shown, not even in a fault. */
    public boolean secretive() {
        return pattern.startsWith("relay.api.keys.")
                || SECRETIVE.contains(pattern.substring(pattern.lastIndexOf('.') + 1));
    }

    /** Whether a key of the user's, cut into its segments, is this one; a name at the end may hold dots. */
    boolean matches(List<String> segments) {
        List<String> own = List.of(pattern.split("\\."));
        if (own.size() > segments.size() || (own.size() < segments.size() && !pattern.endsWith("*"))) {
            return false;
        }
        for (int i = 0; i < own.size(); i++) {
            if (!own.get(i).equals("*") && !own.get(i).equals(segments.get(i))) {
                return false;
            }
        }
        return true;
    }
}

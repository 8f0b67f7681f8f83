package org.dbtrelay.api;

import jakarta.ws.rs.core.HttpHeaders;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import org.dbtrelay.command.CommandHeaders;
import org.jspecify.annotations.Nullable;

/**
 * The headers of a request that brings a command. CloudEvents' HTTP protocol binding (section 3.1.3) writes {@code ce-} where
 * Kafka's has {@code ce_}, and percent-encodes the values, which may stand in quotes.
 */
record HttpCommandHeaders(HttpHeaders headers) implements CommandHeaders {

    @Override
    public @Nullable String find(String name) {
        if (!name.startsWith("ce_")) {
            return headers.getHeaderString(name);
        }
        String value = headers.getHeaderString("ce-" + name.substring("ce_".length()));
        return value == null ? null : decoded(unquoted(value));
    }

    private static String unquoted(String value) {
        boolean quoted = value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"");
        return quoted ? value.substring(1, value.length() - 1).replaceAll("\\\\(.)", "$1") : value;
    }

    private static String decoded(String value) {
        try {
            // URLDecoder is made for forms, where a plus is a space.
            return URLDecoder.decode(value.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            // A lone percent sign stands for itself.
            return value;
        }
    }
}

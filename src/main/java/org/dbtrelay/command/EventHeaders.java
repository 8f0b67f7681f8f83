package org.dbtrelay.command;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/**
 * The headers of a command under one spelling, whoever wrote them. Each protocol binding of CloudEvents has its own prefix
 * ({@code ce_} on Kafka, {@code ce-} over HTTP, {@code cloudEvents:} and {@code cloudEvents_} with AMQP, none with MQTT), and
 * bridges carry headers from one protocol to another as they are. They all mean the same, so they are all taken, in any case.
 * An event's id is what keeps it from being carried out twice; so where headers leave open which id is meant, none is chosen,
 * and {@link #ambiguity} says why.
 */
public final class EventHeaders implements CommandHeaders {

    private static final String KAFKA = "ce_";
    private static final String HTTP = "ce-";
    private static final Pattern BOUND = Pattern.compile("(ce_|ce-|cloudevents:|cloudevents_)(.+)");
    private static final Pattern ALIKE = Pattern.compile(
            "(?:x-)?(?:ce[-_:.]|cloud[-_]?events?[-_:.]?)(" + String.join("|", CommandEnvelope.REQUIRED) + ")");
    private static final Pattern ESCAPE = Pattern.compile("%[0-9a-fA-F]{2}");

    private final String ownPrefix;
    private final Map<String, Given> given = new HashMap<>();
    private @Nullable String ambiguity;

    private record Given(String header, String value) {}

    private EventHeaders(String ownPrefix) {
        this.ownPrefix = ownPrefix;
    }

    /** Those of a record. */
    static EventHeaders ofRecord(Headers headers) {
        List<Map.Entry<String, String>> all = new ArrayList<>();
        for (Header header : headers) {
            if (header.value() != null) {
                all.add(Map.entry(header.key(), new String(header.value(), StandardCharsets.UTF_8)));
            }
        }
        return new EventHeaders(KAFKA).read(all);
    }

    /**
     * Those of an HTTP request. CloudEvents' HTTP protocol binding (section 3.1.3) percent-encodes the values, which may stand
     * in quotes.
     */
    public static EventHeaders ofRequest(Map<String, List<String>> headers) {
        List<Map.Entry<String, String>> all = new ArrayList<>();
        headers.forEach((name, values) -> values.forEach(value -> all.add(Map.entry(name, value))));
        return new EventHeaders(HTTP).read(all);
    }

    @Override
    public @Nullable String find(String name) {
        Given found = given.get(name);
        return found == null ? null : found.value();
    }

    @Override
    public String carrier() {
        return ownPrefix.equals(HTTP) ? "the body" : "the record";
    }

    @Override
    public @Nullable String ambiguity() {
        return ambiguity;
    }

    private EventHeaders read(List<Map.Entry<String, String>> all) {
        // MQTT's binding has no prefix. The other names are everybody's; this one is not.
        boolean bare = all.stream().anyMatch(header -> lower(header.getKey()).equals("specversion"));
        List<Map.Entry<String, String>> alike = new ArrayList<>();
        for (Map.Entry<String, String> header : all) {
            String name = lower(header.getKey());
            Matcher bound = BOUND.matcher(name);
            if (bound.matches()) {
                take(header, bound.group(1), KAFKA + bound.group(2));
            } else if (bare && CommandEnvelope.REQUIRED.contains(name)) {
                take(header, "", KAFKA + name);
            } else if (ALIKE.matcher(name).matches()) {
                alike.add(header);
            } else {
                put(header, name, header.getValue());
            }
        }
        alike.forEach(this::refuse);
        return this;
    }

    private void take(Map.Entry<String, String> header, String prefix, String name) {
        String value = header.getValue();
        String decoded = decoded(unquoted(value));
        if (prefix.equals(ownPrefix)) {
            put(header, name, ownPrefix.equals(HTTP) ? decoded : value);
        } else if (decoded.equals(value) || !isRequired(name) || !(prefix.equals(HTTP) || prefix.equals(KAFKA))) {
            put(header, name, value);
        } else {
            tell(shown(header) + ": has an escape or quotes, which " + HTTP + " of HTTP decodes and " + KAFKA
                    + " of Kafka does not; write it as " + ownPrefix + name.substring(KAFKA.length()));
        }
    }

    private void put(Map.Entry<String, String> header, String name, String value) {
        Given before = given.put(name, new Given(header.getKey(), value));
        if (before == null || before.value().equals(value)) {
            return;
        }
        boolean contradicts = name.equals("content-type")
                ? CommandEnvelope.isOfEvent(before.value()) || CommandEnvelope.isOfEvent(value)
                : isRequired(name);
        if (contradicts) {
            tell(shown(header) + ": is '" + Quoted.text(value) + "', but "
                    + (before.header().equals(header.getKey())
                            ? "it is given before"
                            : "'" + Quoted.text(before.header()) + "' is given")
                    + " as '" + Quoted.text(before.value()) + "'; write one of them");
        }
    }

    /** A header with a prefix that no binding has, unless it only repeats one that is right. */
    private void refuse(Map.Entry<String, String> header) {
        Matcher alike = ALIKE.matcher(lower(header.getKey()));
        if (alike.matches()) {
            Given right = given.get(KAFKA + alike.group(1));
            if (right == null || !right.value().equals(header.getValue())) {
                tell(shown(header) + ": looks like the attribute " + alike.group(1)
                        + " of a CloudEvent with a prefix that is in no protocol binding; write it as " + ownPrefix
                        + alike.group(1));
            }
        }
    }

    private void tell(String what) {
        if (ambiguity == null) {
            ambiguity = what;
        }
    }

    private static boolean isRequired(String name) {
        return name.startsWith(KAFKA) && CommandEnvelope.REQUIRED.contains(name.substring(KAFKA.length()));
    }

    private static String shown(Map.Entry<String, String> header) {
        return Quoted.text(header.getKey());
    }

    private static String lower(String name) {
        return name.toLowerCase(Locale.ROOT);
    }

    private static String unquoted(String value) {
        boolean quoted = value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"");
        return quoted ? value.substring(1, value.length() - 1).replaceAll("\\\\(.)", "$1") : value;
    }

    private static String decoded(String value) {
        if (!ESCAPE.matcher(value).find()) {
            return value;
        }
        try {
            // URLDecoder is made for forms, where a plus is a space.
            return URLDecoder.decode(value.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            // A lone percent sign stands for itself.
            return value;
        }
    }
}

package org.dbtrelay.config;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** Checks of {@code relay.openlineage}. No message of this class repeats a key. */
final class LineageChecks {

    private static final Pattern NUMBER = Pattern.compile("[0-9]+");
    private static final Pattern KEY = Pattern.compile("[\\x21-\\x7e]{1,8192}");
    private static final int LONGEST_NAMESPACE = 255;
    private static final Duration LONGEST_AGE = Duration.ofDays(365);

    private final List<ConfigFault> faults = new ArrayList<>();

    private LineageChecks() {}

    /** Everything that is wrong with {@code lineage}, for these connections. */
    static List<ConfigFault> faults(OpenLineageConfig lineage, Map<String, RelayConfig.Connection> connections) {
        LineageChecks checks = new LineageChecks();
        lineage.url().ifPresent(url -> checks.address(url, lineage));
        checks.check(
                lineage.apiKey().isEmpty() || lineage.apiKeyFile().isEmpty(),
                "api-key-file",
                "there is relay.openlineage.api-key, too; give one of the two");
        checks.check(
                lineage.apiKey().isEmpty()
                        || KEY.matcher(lineage.apiKey().get()).matches(),
                "api-key",
                "holds a space, a line break or a character that is not ASCII, or is too long; it must be one word");
        checks.check(
                lineage.url().isPresent()
                        || (lineage.apiKey().isEmpty() && lineage.apiKeyFile().isEmpty()),
                lineage.apiKey().isPresent() ? "api-key" : "api-key-file",
                "there is no relay.openlineage.url that it could be for");
        lineage.namespace().ifPresent(name -> checks.namespace("namespace", name));
        lineage.connections()
                .ifPresent(names -> names.forEach(name -> checks.check(
                        connections.containsKey(name.strip()),
                        "connections",
                        "'" + name + "' is no connection; relay.connections has "
                                + String.join(
                                        ", ",
                                        connections.keySet().stream().sorted().toList()))));
        lineage.jobs()
                .ifPresent(ids -> ids.forEach(
                        id -> checks.check(id > 0, "jobs", id + " is not an id of dbt Cloud; these are above 0")));
        lineage.datasetNamespace().forEach((name, namespace) -> {
            String key = "dataset-namespace." + ConfigKeys.quoted(name);
            checks.check(
                    NUMBER.matcher(name).matches() || connections.containsKey(name),
                    key,
                    "'" + name + "' is neither the id of an environment of dbt Cloud nor a connection of"
                            + " relay.connections");
            checks.namespace(key, namespace);
        });
        Duration maxAge = lineage.maxAge();
        checks.check(
                maxAge.isPositive() && maxAge.compareTo(LONGEST_AGE) <= 0,
                "max-age",
                ConfigChecks.text(maxAge) + " is not between 1s and " + ConfigChecks.text(LONGEST_AGE)
                        + "; dbt Cloud keeps a run and its artifacts for a year");
        return List.copyOf(checks.faults);
    }

    private void address(URI url, OpenLineageConfig lineage) {
        boolean isHttp = Set.of("http", "https").contains(String.valueOf(url.getScheme()));
        check(
                isHttp
                        && url.getHost() != null
                        && url.getPort() <= 65_535
                        && url.getPort() != 0
                        && url.getRawUserInfo() == null
                        && url.getRawFragment() == null,
                "url",
                "is not http or https with a host, such as https://marquez.example.com");
        boolean hasKey = lineage.apiKey().isPresent() || lineage.apiKeyFile().isPresent();
        check(
                !hasKey
                        || !"http".equals(url.getScheme())
                        || ConnectionChecks.isLoopback(String.valueOf(url.getHost())),
                "url",
                "http would send the key in the clear; it must begin with https:// (http only to localhost, 127.0.0.0/8"
                        + " and [::1], or without a key)");
    }

    private void namespace(String leaf, String namespace) {
        check(
                !namespace.isBlank()
                        && namespace.length() <= LONGEST_NAMESPACE
                        && namespace.chars().allMatch(c -> c > ' ' && c < 127),
                leaf,
                "must have 1 to " + LONGEST_NAMESPACE
                        + " visible characters of ASCII, such as snowflake://org-account");
    }

    private void check(boolean right, String leaf, String wrong) {
        if (!right) {
            faults.add(new ConfigFault("relay.openlineage." + leaf, wrong));
        }
    }
}

package org.dbtrelay.config;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.dbtrelay.run.command.ArtifactWish;

/** Checks of {@code relay.connections}. No message of this class repeats a host, a proxy or a token. */
final class ConnectionChecks {

    private static final Pattern LOOPBACK =
            Pattern.compile("(?i)localhost|127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}|\\[(::1|(0{1,4}:){7}0{0,3}1)]");

    /** A token goes into a header; dbt Cloud's tokens are one word. */
    private static final Pattern ONE_WORD = Pattern.compile("[\\x21-\\x7e]+");

    private static final Pattern PROXY = Pattern.compile("(\\[[0-9A-Fa-f:.]+]|[A-Za-z0-9._-]+):(\\d{1,5})");
    private static final int LAST_PORT = 65_535;

    /** dbt Cloud's limit for all clients of an account (docs: API rate limits). */
    private static final int MOST_REQUESTS = 5000;

    private static final int MOST_CONCURRENT = 1000;

    /** The HTTP client counts milliseconds. */
    private static final Duration SHORTEST_TIMEOUT = Duration.ofMillis(1);

    /** An answer that takes longer does not come; and for so long a start stays in doubt. */
    private static final Duration LONGEST_TIMEOUT = Duration.ofMinutes(10);

    private static final int LONGEST_SECRET = 8192;

    private static final Pattern ID = Pattern.compile("[1-9][0-9]{0,17}");
    private static final Pattern JOB_TYPE = Pattern.compile("[a-z_]{1,40}");
    private static final int LONGEST_PATTERN = 255;

    private final List<ConfigFault> faults = new ArrayList<>();
    private final String prefix;

    private ConnectionChecks(String name) {
        this.prefix = "relay.connections." + ConfigKeys.quoted(name) + '.';
    }

    /** Everything that is wrong with {@code connections}. */
    static List<ConfigFault> faults(Map<String, RelayConfig.Connection> connections) {
        if (connections.isEmpty()) {
            return List.of(
                    new ConfigFault(
                            "relay.connections",
                            "no connection is configured; at least one is needed, with relay.connections.default.host, "
                                    + "relay.connections.default.account-id and relay.connections.default.token or .token-file"));
        }
        Map<Long, String> observers = new HashMap<>();
        return connections.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .flatMap(entry -> {
                    ConnectionChecks checks = new ConnectionChecks(entry.getKey());
                    checks.connection(entry.getValue());
                    checks.observe(entry.getValue().observe());
                    if (entry.getValue().observe().jobs().isPresent()) {
                        String other = observers.putIfAbsent(entry.getValue().accountId(), checks.prefix);
                        checks.check(
                                other == null,
                                "observe.jobs",
                                "account " + entry.getValue().accountId() + " is observed by " + other
                                        + "observe.jobs too; its runs would be told twice");
                    }
                    return checks.faults.stream();
                })
                .toList();
    }

    private void observe(ObserveConfig observe) {
        boolean isOn = observe.jobs().isPresent();
        Map.of(
                        "projects", observe.projects().isPresent(),
                        "environments", observe.environments().isPresent(),
                        "job-types", observe.jobTypes().isPresent(),
                        "name-matches", observe.nameMatches().isPresent(),
                        "artifacts", observe.artifacts().isPresent())
                .forEach((leaf, given) -> check(
                        isOn || !given,
                        "observe." + leaf,
                        "nothing is observed; set " + prefix + "observe.jobs too, to all or to ids of jobs"));
        List<String> jobs = observe.jobs().orElse(List.of());
        for (String job : jobs) {
            boolean all = job.strip().equals(Policies.ALL);
            check(
                    all ? jobs.size() == 1 : ID.matcher(job.strip()).matches(),
                    "observe.jobs",
                    "'" + job + "' is neither the id of a job nor all, by itself");
        }
        positive("observe.projects", observe.projects());
        positive("observe.environments", observe.environments());
        observe.jobTypes()
                .ifPresent(types -> types.forEach(type -> check(
                        JOB_TYPE.matcher(type).matches(),
                        "observe.job-types",
                        "'" + type + "' is no kind of job, such as scheduled, ci, merge or other")));
        observe.nameMatches()
                .ifPresent(pattern -> check(
                        !pattern.isBlank() && pattern.length() <= LONGEST_PATTERN,
                        "observe.name-matches",
                        "must have 1 to " + LONGEST_PATTERN + " characters that are not all blank, such as prod_*"));
        observe.artifacts()
                .ifPresent(paths -> paths.forEach(path -> {
                    String fault = path.isBlank() ? "that are not blank" : ArtifactWish.faultOf(path);
                    check(
                            fault == null,
                            "observe.artifacts",
                            "must hold paths " + fault + ", such as run_results.json; found '" + path + "'");
                }));
        within("observe.interval", observe.interval(), Duration.ofSeconds(1), Duration.ofHours(1));
        within("observe.timeout", observe.timeout(), Duration.ofSeconds(1), Duration.ofDays(30));
        try {
            Duration since = Policies.since(observe.since());
            if (since != null) {
                within("observe.since", since, Duration.ofSeconds(1), Duration.ofDays(30));
            }
        } catch (IllegalArgumentException e) {
            check(false, "observe.since", "'" + observe.since() + "' is neither now nor a duration, such as 2d");
        }
    }

    private void positive(String leaf, Optional<Set<Long>> ids) {
        ids.ifPresent(
                all -> all.forEach(id -> check(id > 0, leaf, id + " is not an id of dbt Cloud; these are above 0")));
    }

    private void within(String leaf, Duration value, Duration least, Duration most) {
        check(
                value.compareTo(least) >= 0 && value.compareTo(most) <= 0,
                leaf,
                ConfigChecks.text(value) + " is not between " + ConfigChecks.text(least) + " and "
                        + ConfigChecks.text(most));
    }

    private void connection(RelayConfig.Connection connection) {
        host(connection.host());
        check(connection.accountId() > 0, "account-id", "not above 0; it must be the account's number");
        secret("token", "token", connection.token(), connection.tokenFile());
        check(
                connection.token().isPresent() || connection.tokenFile().isPresent(),
                "token",
                "missing; either this or " + prefix + "token-file must be given");
        secret("webhook-secret", "secret", connection.webhookSecret(), connection.webhookSecretFile());
        webhook(
                connection.webhook(),
                connection.webhookSecret().isPresent()
                        || connection.webhookSecretFile().isPresent());
        connection.proxy().ifPresent(this::proxy);
        check(
                connection.proxyUser().isEmpty() || connection.proxy().isPresent(),
                "proxy-user",
                "there is no proxy to give it to; set " + prefix + "proxy too, or leave this out");
        check(
                connection.proxyUser().isPresent() == connection.proxyPassword().isPresent(),
                "proxy-password",
                "a proxy wants a name and a password; give " + prefix + "proxy-user and this, or none of the two");
        connection
                .trustStore()
                .ifPresent(
                        file -> trustStore(file, connection.trustStorePassword().orElse("")));
        check(
                connection.trustStorePassword().isEmpty()
                        || connection.trustStore().isPresent(),
                "trust-store-password",
                "there is no trust store to open; set " + prefix + "trust-store too, or leave this out");
        timeout("connect-timeout", connection.connectTimeout());
        timeout("read-timeout", connection.readTimeout());
        between(
                "requests-per-minute",
                connection.requestsPerMinute(),
                MOST_REQUESTS,
                "; dbt Cloud takes no more from all clients of an account together, and locks out who goes above");
        between(
                "max-concurrent-requests",
                connection.maxConcurrentRequests(),
                MOST_CONCURRENT,
                "; each takes a connection of its own, and without one nothing can be asked");
    }

    private void webhook(WebhookConfig webhook, boolean hasSecret) {
        check(
                !webhook.manage() || webhook.url().isPresent(),
                "webhook.url",
                "missing; with " + prefix + "webhook.manage dbt Cloud must be told where it reaches the relay");
        check(
                webhook.manage() || webhook.url().isEmpty(),
                "webhook.url",
                "of no use; set " + prefix + "webhook.manage too, or leave this out");
        check(
                !webhook.manage() || !hasSecret,
                "webhook.manage",
                "the relay gets the secret itself; leave out " + prefix + "webhook-secret and webhook-secret-file");
        within("webhook.interval", webhook.interval(), Duration.ofSeconds(1), Duration.ofHours(1));
        webhook.url().ifPresent(url -> {
            String scheme = String.valueOf(url.getScheme()).toLowerCase(Locale.ROOT);
            String host = url.getHost();
            check(
                    host != null && (scheme.equals("https") || (scheme.equals("http") && isLoopback(host))),
                    "webhook.url",
                    "not an address that begins with https:// (http only for localhost, 127.0.0.0/8 and [::1])");
            check(
                    url.getRawUserInfo() == null && url.getRawQuery() == null && url.getRawFragment() == null,
                    "webhook.url",
                    "holds a user, a query or a fragment; webhooks are signed, and need none");
        });
    }

    private void host(URI host) {
        String name = host.getHost();
        if (name == null || host.getScheme() == null) {
            check(false, "host", "not the URL of a host; it must look like https://ab123.us1.dbt.com");
            return;
        }
        boolean plain = host.getScheme().equalsIgnoreCase("http");
        check(
                plain || host.getScheme().equalsIgnoreCase("https"),
                "host",
                "neither https nor http; it must begin with https://");
        check(
                !plain || isLoopback(name),
                "host",
                "http would send the token in the clear; it must begin with https:// (http only to localhost, 127.0.0.0/8 and [::1])");
        check(
                host.getRawUserInfo() == null,
                "host",
                "holds a user or a password; these belong into " + prefix + "token");
        boolean bare = host.getRawPath().isEmpty() || host.getRawPath().equals("/");
        check(
                bare && host.getRawQuery() == null && host.getRawFragment() == null,
                "host",
                "holds more than a host; it must end after it, without a path or a query, as https://ab123.us1.dbt.com does");
    }

    /** Whether a URL's host is this machine itself. */
    static boolean isLoopback(String host) {
        return LOOPBACK.matcher(host).matches();
    }

    /** A secret that can be given as it is or in a file. */
    private void secret(String leaf, String what, Optional<String> value, Optional<Path> file) {
        check(value.isEmpty() || file.isEmpty(), leaf, prefix + leaf + "-file is given too; it must be one of the two");
        value.ifPresent(text -> {
            check(
                    ONE_WORD.matcher(text.strip()).matches(),
                    leaf,
                    "holds a space, a line break or a character that is not ASCII; it must be one word");
            check(
                    text.strip().length() <= LONGEST_SECRET,
                    leaf,
                    "longer than " + LONGEST_SECRET + " characters, which no header holds");
        });
        file.ifPresent(path -> secretFile(leaf + "-file", what, path));
    }

    private void secretFile(String leaf, String what, Path file) {
        try {
            String text = Files.readString(file, StandardCharsets.ISO_8859_1).strip();
            check(!text.isEmpty(), leaf, "'" + file + "' is empty; it must hold the " + what);
            check(
                    text.isEmpty() || ONE_WORD.matcher(text).matches(),
                    leaf,
                    "'" + file + "' holds more than one word; it must hold the " + what + " and nothing else");
            check(
                    text.length() <= LONGEST_SECRET,
                    leaf,
                    "'" + file + "' holds more than " + LONGEST_SECRET + " characters; it must hold the " + what
                            + " and nothing else");
        } catch (IOException unreadable) {
            check(false, leaf, unreadable(file) + "; it must hold the " + what);
        }
    }

    /** A bare name that is no file may be the secret itself, written at the wrong key. */
    private static String unreadable(Path file) {
        if (Files.exists(file)) {
            return "'" + file + "' cannot be read";
        }
        return file.getParent() == null ? "there is no file of this name" : "'" + file + "' does not exist";
    }

    private void trustStore(Path file, String password) {
        if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
            check(false, "trust-store", "'" + file + "' is not a file that can be read");
            return;
        }
        try {
            TrustStore.read(file, password);
        } catch (IOException | GeneralSecurityException e) {
            check(
                    false,
                    "trust-store",
                    "'" + file + "' holds neither certificates in PEM nor a PKCS12 or JKS store that " + prefix
                            + "trust-store-password opens");
        }
    }

    private void proxy(String proxy) {
        var matcher = PROXY.matcher(proxy);
        boolean right = matcher.matches() && port(matcher.group(2));
        check(right, "proxy", "not host:port, such as proxy.example.com:3128");
    }

    private static boolean port(String digits) {
        int port = Integer.parseInt(digits);
        return port > 0 && port <= LAST_PORT;
    }

    private void timeout(String leaf, Duration timeout) {
        check(
                timeout.compareTo(SHORTEST_TIMEOUT) >= 0 && timeout.compareTo(LONGEST_TIMEOUT) <= 0,
                leaf,
                ConfigChecks.text(timeout)
                        + " is not between 1ms and 10m; an answer that takes longer does not come, and for so long a start"
                        + " stays in doubt");
    }

    private void between(String leaf, int value, int most, String reason) {
        check(value >= 1 && value <= most, leaf, value + " is not between 1 and " + most + reason);
    }

    private void check(boolean right, String leaf, String wrong) {
        if (!right) {
            faults.add(new ConfigFault(prefix + leaf, wrong));
        }
    }
}

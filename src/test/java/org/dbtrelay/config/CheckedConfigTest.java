package org.dbtrelay.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class CheckedConfigTest {

    private static final Map<String, String> GOOD = Map.of(
            "relay.connections.default.host", "https://ab123.us1.dbt.com",
            "relay.connections.default.account-id", "4238",
            "relay.connections.default.token", "dbtc_0123456789");

    private static final String URL_HINT =
            "it must be the access URL of the account, such as https://ab123.us1.dbt.com";
    private static final String DURATION = "a duration, such as 30s, 5m, 24h, 7d or PT30S";
    private static final String HOST_ONLY =
            "holds more than a host; it must end after it, without a path or a query, as https://ab123.us1.dbt.com does";
    private static final String TLS_ONLY = "http would send the token in the clear; it must begin with https:// "
            + "(http only to localhost, 127.0.0.0/8 and [::1])";
    private static final String TOKEN_WORD =
            "holds a space, a line break or a character that is not ASCII; it must be one word";
    private static final String TOPIC_HINT =
            "is no name for a Kafka topic: 1 to 249 characters of A-Z, a-z, 0-9, '.', '_' and '-'";

    private static final String NAMESPACE_HINT =
            "must have 1 to 255 visible characters of ASCII, such as snowflake://org-account";

    private static final String OF_TIMEOUT =
            "; an answer that takes longer does not come, and for so long a start stays in doubt";
    private static final String OF_POLLS =
            "; shorter ones spend the request budget on polls, longer ones tell of a run's end too late";
    private static final String BEFORE_A_POLL = "; commands would end before their runs were polled";
    private static final String OF_REQUESTS =
            "; dbt Cloud takes no more from all clients of an account together, and locks out who goes above";
    private static final String OF_CONCURRENT =
            "; each takes a connection of its own, and without one nothing can be asked";
    private static final String OF_PARALLELISM =
            "; each takes a connection to dbt Cloud, and without one nothing is fetched";
    private static final String OF_PATIENCE =
            "; a command must come to an end, also where dbt Cloud never confirms that its run has";
    private static final String OF_SIZE =
            "; ordinary commands would not fit into less, and Kafka's topics take records of 1 MiB";
    private static final String OF_LAG = "; for so long a start stays in doubt, and its job waits";
    private static final String NOTHING_STARTS =
            "; with 0 nothing would ever be started, for which a connection can be suspended";
    private static final String NO_COMMAND = "; with 0 no command would be taken";
    private static final String OF_NAME = "; it stands in dbt Cloud's cause, which has room for 255";

    @TempDir
    Path directory;

    static Stream<Arguments> faults() {
        String c = "relay.connections.default.";
        return Stream.of(
                // Values that cannot be read
                arguments("relay.poll.interval", "abc", "'abc' is not " + DURATION),
                arguments("relay.poll.interval", "", "empty; leave it out for the default, 10s"),
                arguments("relay.run.on-timeout", "stop", "'stop' is not one of cancel, abandon"),
                arguments("relay.run.if-running", "wait", "'wait' is not one of queue, reuse, skip, replace"),
                arguments("relay.run.on-unclear", "hope", "'hope' is not one of retry, park"),
                arguments("relay.artifacts.store", "gcs", "'gcs' is not one of none, file, s3"),
                arguments("relay.topics.create", "yes please", "'yes please' is not true or false"),
                arguments("relay.artifacts.parallelism", "4.5", "'4.5' is not a whole number up to 2147483647"),
                arguments("relay.policy.connections.default.jobs", "1,two,3", "'two' is not a whole number"),
                arguments("relay.policy.connections.default.jobs[0]", "x", "'x' is not a whole number"),
                arguments("relay.jobs.7.timeout", "soon", "'soon' is not " + DURATION),
                arguments(c + "host", "", "empty; " + URL_HINT),
                arguments(c + "host", "https://a b", "its value is not a URL"),
                arguments(c + "account-id", "dbtc_secret", "its value is not a whole number"),
                arguments(
                        c + "token",
                        "${NO_SUCH_THING}",
                        "its expression cannot be resolved; set what it names, or give a default as in ${NAME:default}"),
                // Keys that nobody reads
                arguments("relay.polll.interval", "5s", "there is no such key; did you mean relay.poll.interval?"),
                arguments(c + "tokn", "x", "there is no such key; did you mean relay.connections.default.token?"),
                arguments("relay.colour", "blue", "there is no such key; docs/configuration.md lists all of them"),
                // Observed runs
                arguments(
                        "relay.health.exit-after", "-1s", "-1s is negative; with 0s the process never ends by itself"),
                arguments(c + "observe.jobs", "all,7", "'all' is neither the id of a job nor all, by itself"),
                arguments(c + "observe.jobs", "nightly", "'nightly' is neither the id of a job nor all, by itself"),
                arguments(
                        c + "observe.projects",
                        "1",
                        "nothing is observed; set relay.connections.default.observe.jobs too, to all or to ids of jobs"),
                arguments(c + "observe.interval", "100ms", "PT0.1S is not between 1s and 1h"),
                arguments(c + "observe.timeout", "31d", "31d is not between 1s and 30d"),
                arguments(c + "observe.since", "yesterday", "'yesterday' is neither now nor a duration, such as 2d"),
                arguments(c + "observe.since", "60d", "60d is not between 1s and 30d"),
                arguments(
                        "relay.commands.max-observed",
                        "0",
                        "0 is not 1 or more; with 0 no observed run would be told of"),
                // Connections
                arguments(
                        c + "host",
                        "ab123.us1.dbt.com",
                        "not the URL of a host; it must look like https://ab123.us1.dbt.com"),
                arguments(c + "host", "ftp://ab123.us1.dbt.com", "neither https nor http; it must begin with https://"),
                arguments(c + "host", "http://ab123.us1.dbt.com", TLS_ONLY),
                arguments(c + "host", "http://127.evil.example", TLS_ONLY),
                arguments(c + "host", "http://localhost.evil.example", TLS_ONLY),
                arguments(
                        c + "host",
                        "https://me:secret@ab123.us1.dbt.com",
                        "holds a user or a password; these belong into relay.connections.default.token"),
                arguments(c + "host", "https://ab123.us1.dbt.com/api/v2", HOST_ONLY),
                arguments(c + "host", "https://ab123.us1.dbt.com?a=b", HOST_ONLY),
                arguments(c + "account-id", "0", "not above 0; it must be the account's number"),
                arguments(c + "account-id", "-3", "not above 0; it must be the account's number"),
                arguments(
                        c + "token", "", "missing; either this or relay.connections.default.token-file must be given"),
                arguments(c + "token", "two words", TOKEN_WORD),
                arguments(c + "token", "t".repeat(8193), "longer than 8192 characters, which no header holds"),
                arguments(c + "proxy", "proxy.example.com", "not host:port, such as proxy.example.com:3128"),
                arguments(c + "proxy", "proxy.example.com:70000", "not host:port, such as proxy.example.com:3128"),
                arguments(
                        c + "proxy-password",
                        "s3cr3t",
                        "a proxy wants a name and a password; give relay.connections.default.proxy-user and this, or none of"
                                + " the two"),
                arguments(c + "trust-store", "/no/such/file.pem", "'/no/such/file.pem' is not a file that can be read"),
                arguments(
                        c + "trust-store-password",
                        "secret",
                        "there is no trust store to open; set relay.connections.default.trust-store too, or leave this out"),
                arguments(c + "connect-timeout", "0s", "0s is not between 1ms and 10m" + OF_TIMEOUT),
                arguments(c + "connect-timeout", "PT0.0001S", "PT0.0001S is not between 1ms and 10m" + OF_TIMEOUT),
                arguments(c + "read-timeout", "PT-5S", "-5s is not between 1ms and 10m" + OF_TIMEOUT),
                arguments(c + "read-timeout", "11m", "11m is not between 1ms and 10m" + OF_TIMEOUT),
                arguments(c + "requests-per-minute", "0", "0 is not between 1 and 5000" + OF_REQUESTS),
                arguments(c + "requests-per-minute", "5001", "5001 is not between 1 and 5000" + OF_REQUESTS),
                arguments(c + "max-concurrent-requests", "0", "0 is not between 1 and 1000" + OF_CONCURRENT),
                arguments(c + "max-concurrent-requests", "1001", "1001 is not between 1 and 1000" + OF_CONCURRENT),
                // The process
                arguments(
                        "relay.stop-timeout",
                        "0s",
                        "0s is not between 1s and 1h; a stop needs the time to commit what is decided, and an orchestrator"
                                + " does not wait for hours"),
                // Runs
                arguments("relay.poll.interval", "999ms", "PT0.999S is not between 1s and 1h" + OF_POLLS),
                arguments("relay.poll.interval", "61m", "61m is not between 1s and 1h" + OF_POLLS),
                arguments("relay.poll.longest-gap", "0s", "0s is not between 1s and 1h" + OF_POLLS),
                arguments(
                        "relay.run.timeout", "10s", "10s is not longer than relay.poll.interval, 10s" + BEFORE_A_POLL),
                arguments("relay.run.timeout", "31d", "31d is longer than 30d; a command must come to an end"),
                arguments(
                        "relay.run.timeout",
                        "PT9223372036854775807S",
                        "9223372036854775807s is longer than 30d; a command must come to an end"),
                arguments("relay.jobs.7.timeout", "31d", "31d is longer than 30d; a command must come to an end"),
                arguments("relay.jobs.7.poll-interval", "2h", "2h is not between 1s and 1h" + OF_POLLS),
                arguments(
                        "relay.jobs.7.timeout", "9s", "9s is not longer than relay.poll.interval, 10s" + BEFORE_A_POLL),
                arguments(
                        "relay.jobs.7.artifacts",
                        "../etc/passwd",
                        notAPath("relative to dbt's target directory", "../etc/passwd")),
                arguments(
                        "relay.connections.default.terms.poll-interval",
                        "2h",
                        "2h is not between 1s and 1h" + OF_POLLS),
                arguments(
                        "relay.connections.default.terms.timeout",
                        "9s",
                        "9s is not longer than relay.poll.interval, 10s" + BEFORE_A_POLL),
                // Artifacts
                arguments(
                        "relay.artifacts.paths",
                        "manifest.json,/etc/passwd",
                        notAPath("relative to dbt's target directory", "/etc/passwd")),
                arguments(
                        "relay.artifacts.paths",
                        "compiled//orders.sql",
                        notAPath("without empty names, '.' and control characters", "compiled//orders.sql")),
                arguments(
                        "relay.artifacts.layout",
                        "{run_id}/{path}",
                        "'{run_id}/{path}' lacks {step}; artifacts would overwrite one another"),
                arguments(
                        "relay.artifacts.layout",
                        "{run_id}/{step}/{path}.json",
                        "'{run_id}/{step}/{path}.json' does not end in /{path}; only so does each artifact have a place of its own"),
                arguments(
                        "relay.artifacts.layout",
                        "{run_id}/{step}/{command}/{path}",
                        "there is no {command}; there are {account_id}, {job_id}, {run_id}, {step} and {path}"),
                arguments(
                        "relay.artifacts.layout",
                        "{run_id}{step}/{path}",
                        "'{run_id}{step}/{path}' needs something other than letters and digits between two placeholders"),
                arguments("relay.artifacts.layout", "../{run_id}/{step}/{path}", notBelow("../{run_id}/{step}/{path}")),
                arguments("relay.artifacts.layout", "/{run_id}/{step}/{path}", notBelow("/{run_id}/{step}/{path}")),
                arguments("relay.artifacts.layout", "{run_id}//{step}/{path}", notBelow("{run_id}//{step}/{path}")),
                arguments("relay.artifacts.parallelism", "0", "0 is not between 1 and 64" + OF_PARALLELISM),
                arguments("relay.artifacts.parallelism", "65", "65 is not between 1 and 64" + OF_PARALLELISM),
                arguments("relay.run.cancel-patience", "-1s", "-1s is not between 0s and 1d" + OF_PATIENCE),
                arguments(
                        "relay.run.on-failure.retries",
                        "11",
                        "11 is not between 0 and 10; what fails more often does not pass by itself"),
                arguments(
                        "relay.jobs.7.on-failure.delay",
                        "25h",
                        "25h is not between 0s and 1d; a command waits for so long before its next run"),
                arguments(
                        "relay.connections.default.terms.on-failure.backoff",
                        "0.5",
                        "0.5 is not between 1 and 10; each pause is as many times longer than the one before"),
                arguments("relay.run.on-failure.backoff", "much", "'much' is not a number, such as 1.5"),
                arguments("relay.run.on-failure.when", "always", "'always' is not one of transient, any"),
                arguments("relay.run.on-failure.how", "resume", "'resume' is not one of from_failure, full"),
                arguments(
                        "relay.run.coalesce.quiet",
                        "61m",
                        "61m is not between 0s and 1h; a command waits for so long for others before it is started"),
                arguments(
                        "relay.jobs.7.coalesce.at-most",
                        "25h",
                        "25h is not between 0s and 1d; a command waits for others no longer than that"),
                arguments(
                        "relay.connections.default.terms.min-interval",
                        "-1s",
                        "-1s is not between 0s and 1d; a command waits for so long after another start of its job"),
                arguments("relay.run.coalesce.enabled", "perhaps", "'perhaps' is not true or false"),
                arguments("relay.run.cancel-patience", "25h", "25h is not between 0s and 1d" + OF_PATIENCE),
                arguments(
                        "relay.artifacts.patience",
                        "PT-1S",
                        "-1s is not between 0s and 1d; with 0s each artifact is asked for once"),
                arguments(
                        "relay.artifacts.patience",
                        "25h",
                        "25h is not between 0s and 1d; with 0s each artifact is asked for once"),
                arguments(
                        "relay.artifacts.max-size",
                        "0",
                        "0 is not 1 byte or more; relay.artifacts.store=none stores nothing"),
                // Policy
                arguments(
                        "relay.policy.connections.default.jobs",
                        "-1",
                        "-1 is not an id of dbt Cloud; these are above 0"),
                arguments(
                        "relay.policy.connections.default.accounts",
                        "0",
                        "0 is not an id of dbt Cloud; these are above 0"),
                arguments("relay.policy.connections.default.max-in-flight", "0", "0 is not 1 or more" + NOTHING_STARTS),
                arguments(
                        "relay.policy.connections.default.max-in-flight-per-job",
                        "0",
                        "0 is not 1 or more" + NOTHING_STARTS),
                // Durability
                arguments("relay.commands.max-size", "1023", "1023 is not between 1024 and 1048576" + OF_SIZE),
                arguments("relay.commands.max-size", "1048577", "1048577 is not between 1024 and 1048576" + OF_SIZE),
                arguments(
                        "relay.commands.max-age",
                        "0s",
                        "0s is not longer than 0s; every command would be put aside as expired"),
                arguments(
                        "relay.commands.max-age",
                        "192h",
                        "8d is not at least an hour shorter than relay.ledger.retention, 8d; "
                                + "an old command could start its job again after its id was forgotten"),
                arguments(
                        "relay.ledger.retention",
                        "366d",
                        "366d is longer than 365d; each claim reads what is remembered"),
                arguments(
                        "relay.ledger.sweep-interval",
                        "61m",
                        "61m is longer than 1h; a sweep reads the runs of the last hour"),
                arguments("relay.ledger.visibility-lag", "PT-1S", "-1s is not between 0s and 1h" + OF_LAG),
                arguments("relay.ledger.visibility-lag", "3601s", "3601s is not between 0s and 1h" + OF_LAG),
                arguments("relay.commands.max-pending", "0", "0 is not 1 or more" + NO_COMMAND),
                arguments("relay.commands.max-pending-per-instance", "0", "0 is not 1 or more" + NO_COMMAND),
                arguments("relay.ledger.skip", "3@1207,3:8", "'3:8' is not partition@offset, such as 3@1207"),
                // Topics
                arguments("relay.topics.commands", "dbt commands", "'dbt commands' " + TOPIC_HINT),
                arguments("relay.topics.run-events", "..", "'..' " + TOPIC_HINT),
                arguments("relay.topics.ledger", "x".repeat(250), "'" + "x".repeat(250) + "' " + TOPIC_HINT),
                arguments(
                        "relay.topics.run-events",
                        "dbt.commands",
                        "'dbt.commands' is also relay.topics.commands; the topics must all be different"),
                arguments("relay.topics.partitions", "0", "0 is not 1 or more; a topic needs a partition"),
                arguments(
                        "relay.topics.replication-factor",
                        "0",
                        "0 is not 1 or more; a topic has a copy on one broker at least"),
                // Lineage
                arguments("relay.openlineage.tests", "some", "'some' is not one of aggregate, each, none"),
                arguments("relay.openlineage.topic", "a topic", "'a topic' " + TOPIC_HINT),
                arguments(
                        "relay.openlineage.topic",
                        "dbt.run.events",
                        "'dbt.run.events' is also relay.topics.run-events; the topics must all be different"),
                arguments(
                        "relay.openlineage.url",
                        "marquez.example.com",
                        "is not http or https with a host, such as https://marquez.example.com"),
                arguments(
                        "relay.openlineage.url",
                        "http://localhost:99999/",
                        "is not http or https with a host, such as https://marquez.example.com"),
                arguments(
                        "relay.openlineage.api-key",
                        "0123456789abcdef",
                        "there is no relay.openlineage.url that it could be for"),
                arguments(
                        "relay.openlineage.api-key-file",
                        "/run/secrets/lineage",
                        "there is no relay.openlineage.url that it could be for"),
                arguments("relay.openlineage.namespace", "a b", NAMESPACE_HINT),
                arguments(
                        "relay.openlineage.connections",
                        "prod",
                        "'prod' is no connection; relay.connections has default"),
                arguments("relay.openlineage.jobs", "0", "0 is not an id of dbt Cloud; these are above 0"),
                arguments("relay.openlineage.dataset-namespace.default", "snow flake", NAMESPACE_HINT),
                arguments(
                        "relay.openlineage.dataset-namespace.prod",
                        "bigquery",
                        "'prod' is neither the id of an environment of dbt Cloud nor a connection of relay.connections"),
                arguments(
                        "relay.openlineage.max-age",
                        "0s",
                        "0s is not between 1s and 365d; dbt Cloud keeps a run and its artifacts for a year"),
                // The rest
                arguments(
                        "relay.api.keys.ci",
                        "0123456789abcde",
                        "shorter than 16 characters, so it can be guessed; make one with: openssl rand -hex 32"),
                arguments(
                        "relay.api.roles.nobody",
                        "viewer",
                        "there is no relay.api.keys.nobody whose role this could be"),
                arguments(
                        "relay.api.openid-connect.url",
                        "login.example.com",
                        "'login.example.com' is not http or https with a host, such as"
                                + " https://login.example.com/realms/data"),
                arguments(
                        "relay.api.advertised-url",
                        "http://10.1.2.3:8080/api",
                        "'http://10.1.2.3:8080/api' is not http or https with a host, perhaps a port, and nothing else,"
                                + " such as http://10.1.2.3:8080"),
                arguments(
                        "relay.api.advertised-url",
                        "tcp://10.1.2.3:8080",
                        "'tcp://10.1.2.3:8080' is not http or https with a host, perhaps a port, and nothing else, such as"
                                + " http://10.1.2.3:8080"),
                arguments(
                        "relay.name",
                        "a b",
                        "'a b' is not 1 to 40 characters of A-Z, a-z, 0-9, '.', '_' and '-'" + OF_NAME),
                arguments(
                        "relay.name",
                        "n".repeat(41),
                        "'" + "n".repeat(41) + "' is not 1 to 40 characters of A-Z, a-z, 0-9, '.', '_' and '-'"
                                + OF_NAME));
    }

    @Test
    void sendsNoKeyOfLineageInTheClear() {
        Map<String, String> settings = new HashMap<>(Map.of(
                "relay.openlineage.url", "http://marquez.example.com",
                "relay.openlineage.api-key", "0123456789abcdef"));
        assertThat(lines(settings))
                .containsExactly(
                        "relay.openlineage.url: http would send the key in the clear; it must begin with https://"
                                + " (http only to localhost, 127.0.0.0/8 and [::1], or without a key)");

        settings.put("relay.openlineage.url", "http://127.0.0.1:5000");
        assertThat(lines(settings)).isEmpty();

        settings.put("relay.openlineage.api-key-file", "/run/secrets/lineage");
        assertThat(lines(settings))
                .containsExactly(
                        "relay.openlineage.api-key-file: there is relay.openlineage.api-key, too; give one of the two");

        settings.remove("relay.openlineage.api-key-file");
        settings.put("relay.openlineage.api-key", "two words");
        assertThat(lines(settings))
                .singleElement()
                .satisfies(line -> assertThat(line)
                        .startsWith("relay.openlineage.api-key: ")
                        .doesNotContain("two words"));
    }

    private static String notBelow(String layout) {
        return "'" + layout + "' is not a path below the store: it must not begin with / or ., nor have empty names, "
                + "names of dots, braces, backslashes or control characters";
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    bucket                 |                        | missing; relay.artifacts.store=s3 needs a bucket
                    bucket                 | Shop_1                 | is no name for a bucket
                    prefix                 | /x                     | is no beginning of a key
                    prefix                 | a/../b                 | is no beginning of a key
                    endpoint               | http://s3.example.com  | it must begin with https://
                    endpoint               | s3.example.com         | not the URL of a host
                    endpoint               | https://a:b@s3.example | holds a user
                    server-side-encryption | AES                    | is not one of none, AES256, aws:kms
                    kms-key-id             | alias/x                | set relay.artifacts.server-side-encryption=aws:kms too
                    max-size               | 5497558138881           | the most that relay.artifacts.store=s3 takes
                    """)
    void tellsWhatIsWrongWithABucket(String leaf, String value, String wrong) {
        Map<String, String> settings =
                new HashMap<>(Map.of("relay.artifacts.store", "s3", "relay.artifacts.bucket", "shop"));
        if (value == null) {
            settings.remove("relay.artifacts." + leaf);
        } else {
            settings.put("relay.artifacts." + leaf, value);
        }
        assertThat(lines(settings))
                .singleElement()
                .satisfies(line -> assertThat(line)
                        .startsWith("relay.artifacts." + leaf + ": ")
                        .contains(wrong));
    }

    private static String notAPath(String rule, String path) {
        return "must hold paths " + rule + ", such as manifest.json or compiled/shop/orders.sql; found '" + path + "'";
    }

    @ParameterizedTest(name = "{0} = {1}")
    @MethodSource("faults")
    void tellsTheKeyAndWhatIsWrong(String key, String value, String wrong) {
        assertThat(lines(Map.of(key, value))).containsExactly(key.replaceAll("\\[\\d+]$", "") + ": " + wrong);
    }

    @Test
    void acceptsTheDefaultsWithOneConnection() {
        assertThat(lines(Map.of())).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "relay.poll.interval=1s",
                "relay.poll.interval=1h",
                "relay.ledger.visibility-lag=0s",
                "relay.health.exit-after=0s",
                "relay.ledger.visibility-lag=1h",
                "relay.ledger.skip=3@1207,0@0",
                "relay.commands.max-size=1024",
                "relay.commands.max-size=1048576",
                "relay.commands.max-age=191h",
                "relay.run.timeout=11s",
                "relay.artifacts.parallelism=64",
                "relay.connections.default.requests-per-minute=5000",
                "relay.connections.default.requests-per-minute=1",
                "relay.connections.default.max-concurrent-requests=1000",
                "relay.connections.default.host=http://localhost:8080",
                "relay.connections.default.host=http://127.1.2.3:8080",
                "relay.connections.default.host=http://[::1]:8080",
                "relay.connections.default.host=HTTPS://ab123.us1.dbt.com/",
                "relay.connections.default.proxy=[::1]:3128",
                "relay.run.if-running=REUSE",
                "relay.jobs.559062.artifacts=",
                "relay.api.keys.ci.x=0123456789abcdef",
                "relay.api.advertised-url=http://[::1]:0",
                "relay.name=prod_1.eu-west",
                "relay.artifacts.paths[1]=catalog.json",
                "relay.artifacts.paths=",
                "relay.run.on-failure.retries=10",
                "relay.run.on-failure.how=from_failure",
                "relay.jobs.559062.on-failure.when=any",
                "relay.connections.default.terms.on-failure.delay=0s",
                "relay.run.on-failure.backoff=10",
                "relay.run.coalesce.enabled=true",
                "relay.jobs.559062.coalesce.quiet=1h",
                "relay.connections.default.terms.coalesce.at-most=24h",
                "relay.jobs.559062.coalesce.enabled=false",
                "relay.jobs.559062.min-interval=24h",
                "relay.openlineage.url=http://marquez:5000",
                "relay.openlineage.url=https://marquez.example.com/lineage/v2?x=1",
                "relay.openlineage.tests=EACH",
                "relay.openlineage.dataset-namespace.49818=bigquery",
                "relay.openlineage.dataset-namespace.default=snowflake://org-account",
                "relay.openlineage.max-age=365d",
            })
    void acceptsWhatIsJustRight(String setting) {
        String[] parts = setting.split("=", 2);
        assertThat(lines(Map.of(parts[0], parts[1]))).isEmpty();
    }

    @Test
    void wantsAConnection() {
        assertThat(linesOf(Map.of()))
                .containsExactly("relay.connections: no connection is configured; at least one is needed, with "
                        + "relay.connections.default.host, relay.connections.default.account-id and "
                        + "relay.connections.default.token or .token-file");
    }

    @Test
    void tellsWhatAConnectionLacks() {
        assertThat(linesOf(Map.of("relay.connections.\"eu.prod\".read-timeout", "3s")))
                .containsExactly(
                        "relay.connections.\"eu.prod\".account-id: missing; it must be the account's number",
                        "relay.connections.\"eu.prod\".host: missing; " + URL_HINT,
                        "relay.connections.\"eu.prod\".token: missing; "
                                + "either this or relay.connections.\"eu.prod\".token-file must be given");
    }

    @Test
    void tellsAllFaultsAtOnce() {
        assertThat(lines(Map.of(
                        "relay.poll.interval", "abc",
                        "relay.polll.interval", "5s",
                        "relay.connections.default.host", "",
                        "relay.connections.default.requests-per-minute", "9999",
                        "relay.jobs.daily.on-timeout", "cancel",
                        "relay.policy.connections.eu.max-in-flight", "1")))
                .containsExactly(
                        "relay.connections.default.host: empty; " + URL_HINT,
                        "relay.connections.default.requests-per-minute: 9999 is not between 1 and 5000" + OF_REQUESTS,
                        "relay.jobs.daily: 'daily' is not the number of a job, as in relay.jobs.559062.timeout",
                        "relay.policy.connections.eu: there is no connection of this name; relay.connections has default",
                        "relay.poll.interval: 'abc' is not " + DURATION,
                        "relay.polll.interval: there is no such key; did you mean relay.poll.interval?");
    }

    @Test
    void comparesAJobsOwnTimes() {
        assertThat(lines(Map.of("relay.jobs.7.poll-interval", "1m", "relay.jobs.7.timeout", "1m")))
                .containsExactly(
                        "relay.jobs.7.timeout: 1m is not longer than relay.jobs.7.poll-interval, 1m" + BEFORE_A_POLL);
        assertThat(lines(Map.of("relay.run.timeout", "1m", "relay.jobs.7.poll-interval", "90s")))
                .containsExactly(
                        "relay.jobs.7.poll-interval: 90s is not shorter than relay.run.timeout, 1m" + BEFORE_A_POLL);
    }

    @Test
    void wantsOneOfTokenAndTokenFile() throws IOException {
        Path file = Files.writeString(directory.resolve("token"), "dbtc_0123456789\n");
        assertThat(lines(Map.of("relay.connections.default.token-file", file.toString())))
                .containsExactly("relay.connections.default.token: relay.connections.default.token-file is given too; "
                        + "it must be one of the two");
        assertThat(tokenFile(file)).isEmpty();
    }

    @Test
    void wantsPatternsThatItCanRead() throws IOException {
        Path good = Files.writeString(
                directory.resolve("good"),
                "# mine\n\nduckdb | conflict | set lock * conflicting | Set lock: conflicting\n");
        Path bad = Files.writeString(directory.resolve("bad"), "duckdb | conflict | lock\n");
        Path none = directory.resolve("none");
        String key = "relay.retry.patterns";

        assertThat(lines(Map.of(key, good.toString()))).isEmpty();
        assertThat(lines(Map.of(key, bad.toString())))
                .containsExactly(key + ": " + bad + ": line 1 is not: adapter | kind | pattern | example");
        assertThat(lines(Map.of(key, none.toString())))
                .containsExactly(key + ": " + none + " cannot be read as UTF-8: NoSuchFileException");
    }

    @Test
    void wantsATokenInTheTokenFile() throws IOException {
        Path none = directory.resolve("none");
        Path empty = Files.writeString(directory.resolve("empty"), " \n");
        Path many = Files.writeString(directory.resolve("many"), "token: dbtc_0123456789");
        String key = "relay.connections.default.token-file: ";
        assertThat(tokenFile(none)).containsExactly(key + "'" + none + "' does not exist; it must hold the token");
        assertThat(tokenFile(directory))
                .containsExactly(key + "'" + directory + "' cannot be read; it must hold the token");
        assertThat(tokenFile(empty)).containsExactly(key + "'" + empty + "' is empty; it must hold the token");
        assertThat(tokenFile(many))
                .containsExactly(
                        key + "'" + many + "' holds more than one word; it must hold the token and nothing else");
    }

    @Test
    void wantsATrustStoreThatItCanOpen() throws Exception {
        Path text = Files.writeString(directory.resolve("ca.txt"), "no store");
        Path broken = Files.writeString(
                directory.resolve("ca.pem"), "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n");
        KeyStore empty = KeyStore.getInstance("PKCS12");
        empty.load(null, null);
        Path store = directory.resolve("ca.p12");
        try (OutputStream out = Files.newOutputStream(store)) {
            empty.store(out, "changeit".toCharArray());
        }
        String key = "relay.connections.default.trust-store";
        for (Path bad : List.of(text, broken, store)) {
            assertThat(lines(Map.of(key, bad.toString())))
                    .containsExactly(
                            key + ": '" + bad + "' holds neither certificates in PEM nor a PKCS12 or JKS store that "
                                    + "relay.connections.default.trust-store-password opens");
        }
        assertThat(lines(Map.of(key, store.toString(), key + "-password", "changeit")))
                .isEmpty();
    }

    @Test
    void wantsADirectoryForTheStoreThatItCanWriteTo() throws IOException {
        assertThat(lines(Map.of("relay.artifacts.store", "file")))
                .containsExactly("relay.artifacts.directory: missing; relay.artifacts.store=file needs a directory");

        Path fresh = directory.resolve("a/b");
        assertThat(lines(Map.of("relay.artifacts.store", "file", "relay.artifacts.directory", fresh.toString())))
                .isEmpty();
        assertThat(fresh).isEmptyDirectory();

        Path file = Files.writeString(directory.resolve("file"), "");
        assertThat(lines(Map.of("relay.artifacts.store", "file", "relay.artifacts.directory", file.toString())))
                .singleElement()
                .asString()
                .startsWith("relay.artifacts.directory: '" + file + "' cannot be created or written to (");
    }

    @Test
    void cutsTheNameThatItTakesFromTheLedgerTopic() {
        assertThat(lines(Map.of("relay.topics.ledger", "l".repeat(249)))).isEmpty();
    }

    @Test
    void namesTheEnvironmentVariable() {
        Map<String, String> environment = Map.of(
                "RELAY_CONNECTIONS_DEFAULT_HOST", "https://ab123.us1.dbt.com",
                "RELAY_CONNECTIONS_DEFAULT_ACCOUNT_ID", "4238",
                "RELAY_CONNECTIONS_DEFAULT_TOKEN", "dbtc_0123456789",
                "RELAY_JOBS__559062__POLL_INTERVAL", "30s",
                "RELAY_JOBS_7_POLL_INTERVAL", "30s",
                "RELAY_CONNECTIONS_EU_PROD_HOST", "https://ab123.us1.dbt.com",
                "RELAY_POLLL_INTERVAL", "5s",
                "RELAY_RUN_IF_RUNNING", "wait");
        assertThat(lines(new EnvConfigSource(environment, 300)))
                .containsExactly(
                        "relay.connections.eu.prod.host: there is no such key; did you mean "
                                + "RELAY_CONNECTIONS__EU_PROD__HOST? (from the environment variable RELAY_CONNECTIONS_EU_PROD_HOST)",
                        "relay.jobs[7]poll.interval: there is no such key; did you mean RELAY_JOBS__7__POLL_INTERVAL? "
                                + "(from the environment variable RELAY_JOBS_7_POLL_INTERVAL)",
                        "relay.polll.interval: there is no such key; did you mean relay.poll.interval? "
                                + "(from the environment variable RELAY_POLLL_INTERVAL)",
                        "relay.run.if-running: 'wait' is not one of queue, reuse, skip, replace "
                                + "(from the environment variable RELAY_RUN_IF_RUNNING)");
    }

    /** A service called "relay" must not keep the relay from starting in its own namespace. */
    @Test
    void leavesTheServiceLinksOfKubernetesAlone() {
        Map<String, String> environment = new HashMap<>(Map.of(
                "RELAY_SERVICE_HOST", "10.0.0.1",
                "RELAY_SERVICE_PORT", "8080",
                "RELAY_SERVICE_PORT_HTTP", "8080",
                "RELAY_PORT", "tcp://10.0.0.1:8080",
                "RELAY_PORT_8080_TCP_ADDR", "10.0.0.1",
                "RELAY_METRICS_SERVICE_HOST", "10.0.0.2",
                "RELAY_METRICS_PORT_9000_TCP", "tcp://10.0.0.2:9000"));
        GOOD.forEach((key, value) -> environment.put(ValueChecks.variable(key), value));
        assertThat(lines(new EnvConfigSource(environment, 300))).isEmpty();
    }

    /** As Quarkus reads them, and what somebody sets over the channels, but not what the application itself says of them. */
    @Test
    void findsWhatIsSaidOfKafka() {
        Map<String, String> environment = new HashMap<>(Map.of(
                "KAFKA_ACKS", "1",
                "KAFKA_MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION", "9",
                "MP_MESSAGING_INCOMING_COMMANDS_ISOLATION_LEVEL", "read_uncommitted",
                "KAFKA_SASL_JAAS_CONFIG", "${NOWHERE}"));
        GOOD.forEach((key, value) -> environment.put(ValueChecks.variable(key), value));
        SmallRyeConfigBuilder builder = new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .addDefaultInterceptors()
                .withSources(new EnvConfigSource(environment, 300))
                .withSources(new PropertiesConfigSource(
                        Map.of(
                                "mp.messaging.incoming.commands.isolation.level", "read_committed",
                                "mp.messaging.incoming.commands.acks", "all"),
                        "application",
                        250));
        CheckedConfig.Checked checked = CheckedConfig.read(builder);

        assertThat(checked.kafka())
                .extracting(KafkaKey::key, KafkaKey::name, KafkaKey::value, KafkaKey::everywhere)
                .containsExactly(
                        tuple("kafka.acks", "acks", "1", true),
                        tuple(
                                "kafka.max.in.flight.requests.per.connection",
                                "max.in.flight.requests.per.connection",
                                "9",
                                true),
                        tuple(
                                "mp.messaging.incoming.commands.isolation.level",
                                "isolation.level",
                                "read_uncommitted",
                                false));
        assertThat(checked.faults())
                .extracting(ConfigFault::line)
                .singleElement()
                .asString()
                .startsWith("kafka.sasl.jaas.config: its expression cannot be resolved; ");
    }

    @Test
    void neverShowsASecret() {
        String secret = "s3cr3t";
        Map<String, String> bad = Map.of(
                "relay.connections.default.host",
                "http://user:" + secret + "@ab123.us1.dbt.com/" + secret,
                "relay.connections.default.account-id",
                secret,
                "relay.connections.default.token",
                secret + " " + secret,
                "relay.connections.default.proxy",
                "user:" + secret + "@proxy:1",
                "relay.connections.default.trust-store-password",
                secret,
                "relay.connections.default.proxy-password",
                secret,
                "relay.connections.default.webhook-secret-file",
                secret,
                "relay.api.keys.ci",
                secret,
                "relay.api.advertised-url",
                "http://user:" + secret + "@10.1.2.3:8080/",
                "relay.api.openid-connect.url",
                "user:" + secret + "@login.example.com");
        assertThat(lines(bad)).hasSizeGreaterThan(8).noneMatch(line -> line.contains(secret));
    }

    /** Whose key it is decides what it may do, and who is named in the audit log. */
    @Test
    void aKeyOfTwoNamesIsAFault() {
        assertThat(lines(Map.of(
                        "relay.api.keys.airflow", "0123456789abcdef",
                        "relay.api.keys.ops", " 0123456789abcdef",
                        "relay.api.keys.page", "fedcba9876543210",
                        "relay.api.roles.airflow", "sender")))
                .containsExactly(
                        "relay.api.keys.ops: the same as relay.api.keys.airflow; whose it is decides what it may do, so each"
                                + " name needs a key of its own");
    }

    private List<String> tokenFile(Path file) {
        Map<String, String> settings = new HashMap<>(GOOD);
        settings.remove("relay.connections.default.token");
        settings.put("relay.connections.default.token-file", file.toString());
        return linesOf(settings);
    }

    private static List<String> lines(Map<String, String> settings) {
        Map<String, String> all = new HashMap<>(GOOD);
        all.putAll(settings);
        return linesOf(all);
    }

    private static List<String> linesOf(Map<String, String> settings) {
        return lines(new PropertiesConfigSource(settings, "test", 100));
    }

    private static List<String> lines(org.eclipse.microprofile.config.spi.ConfigSource source) {
        SmallRyeConfigBuilder builder = new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .addDefaultInterceptors()
                .withSources(source);
        return CheckedConfig.faults(builder).stream()
                .map(ConfigFault::line)
                .map(line -> line.replace(" (from test)", ""))
                .toList();
    }

    @Test
    void observesEachAccountOnce() {
        Map<String, String> two = new HashMap<>(GOOD);
        two.put("relay.connections.default.observe.jobs", "all");
        two.put("relay.connections.other.host", "https://ab123.us1.dbt.com");
        two.put("relay.connections.other.account-id", "4238");
        two.put("relay.connections.other.token", "dbtc_0123456789");
        two.put("relay.connections.other.observe.jobs", "7");

        assertThat(lines(two))
                .containsExactly("relay.connections.other.observe.jobs: account 4238 is observed by"
                        + " relay.connections.default.observe.jobs too; its runs would be told twice");
    }

    static Stream<Arguments> faultsOfAnObservation() {
        return Stream.of(
                arguments("projects", "0", "0 is not an id of dbt Cloud; these are above 0"),
                arguments("environments", "7,-1", "-1 is not an id of dbt Cloud; these are above 0"),
                arguments(
                        "job-types",
                        "scheduled,Nightly Jobs",
                        "'Nightly Jobs' is no kind of job, such as scheduled, ci, merge or other"),
                arguments(
                        "name-matches",
                        "x".repeat(256),
                        "must have 1 to 255 characters that are not all blank, such as prod_*"),
                arguments("artifacts", "../manifest.json", "must hold paths"),
                arguments("artifacts[1]", " ", "must hold paths that are not blank"),
                arguments("timeout", "0s", "0s is not between 1s and 30d"),
                arguments("interval", "61m", "61m is not between 1s and 1h"));
    }

    @ParameterizedTest
    @MethodSource("faultsOfAnObservation")
    void tellsWhatIsWrongWithAnObservation(String leaf, String value, String wrong) {
        String observe = "relay.connections.default.observe.";
        Map<String, String> settings = new HashMap<>(Map.of(observe + "jobs", "all", observe + leaf, value));
        if (leaf.endsWith("[1]")) {
            settings.put(observe + leaf.replace("[1]", "[0]"), "catalog.json");
        }

        assertThat(lines(settings))
                .singleElement()
                .asString()
                .startsWith(observe + leaf.replace("[1]", "") + ": ")
                .contains(wrong);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jobs=7,8",
                "projects=7",
                "environments=7",
                "job-types=scheduled,ci",
                "name-matches=prod_*",
                "artifacts=run_results.json",
                "since=now",
                "since=2d",
                "interval=1h"
            })
    void acceptsAnObservation(String setting) {
        String observe = "relay.connections.default.observe.";
        String[] parts = setting.split("=", 2);
        Map<String, String> settings = new HashMap<>(Map.of(observe + "jobs", "all"));
        settings.put(observe + parts[0], parts[1]);

        assertThat(lines(settings)).isEmpty();
    }

    static Stream<Arguments> faultsOfAWebhook() {
        String https = "https://relay.example.com/webhooks";
        return Stream.of(
                arguments(Map.of("webhook.manage", "true"), "webhook.url", "missing; with"),
                arguments(Map.of("webhook.url", https), "webhook.url", "of no use; set"),
                arguments(
                        Map.of("webhook.manage", "true", "webhook.url", https, "webhook-secret", "secret0123456789"),
                        "webhook.manage",
                        "the relay gets the secret itself"),
                arguments(
                        Map.of("webhook.manage", "true", "webhook.url", https, "webhook.interval", "2h"),
                        "webhook.interval",
                        "2h is not between 1s and 1h"),
                arguments(
                        Map.of("webhook.manage", "true", "webhook.url", "http://relay.example.com"),
                        "webhook.url",
                        "not an address that begins with https://"),
                arguments(
                        Map.of("webhook.manage", "true", "webhook.url", "relay.example.com"),
                        "webhook.url",
                        "not an address that begins with https://"),
                arguments(
                        Map.of("webhook.manage", "true", "webhook.url", "https://me:pw@relay.example.com"),
                        "webhook.url",
                        "holds a user, a query or a fragment"),
                arguments(
                        Map.of("webhook.manage", "true", "webhook.url", https + "?a=b"),
                        "webhook.url",
                        "holds a user, a query or a fragment"),
                arguments(
                        Map.of("webhook.manage", "true", "webhook.url", https + "#a"),
                        "webhook.url",
                        "holds a user, a query or a fragment"));
    }

    @ParameterizedTest
    @MethodSource("faultsOfAWebhook")
    void tellsWhatIsWrongWithAManagedWebhook(Map<String, String> settings, String leaf, String wrong) {
        assertThat(lines(inConnection(settings)))
                .singleElement()
                .asString()
                .startsWith("relay.connections.default." + leaf + ": ")
                .contains(wrong);
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://relay.example.com/webhooks", "http://localhost:8080", "HTTP://127.0.0.1:8080/x"})
    void acceptsAManagedWebhook(String url) {
        assertThat(lines(inConnection(Map.of("webhook.manage", "true", "webhook.url", url))))
                .isEmpty();
    }

    private static Map<String, String> inConnection(Map<String, String> settings) {
        Map<String, String> all = new HashMap<>();
        settings.forEach((leaf, value) -> all.put("relay.connections.default." + leaf, value));
        return all;
    }
}

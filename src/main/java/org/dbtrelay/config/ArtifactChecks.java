package org.dbtrelay.config;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Checks of {@code relay.artifacts}. */
final class ArtifactChecks {

    private static final int MOST_FETCHES = 64;

    /** 5 TiB, of which the most parts that S3 takes, 10,000, are half a gigabyte each (docs: multipart upload limits). */
    private static final long LARGEST_OBJECT = 5L << 40;

    private static final Set<String> PLACEHOLDERS = Set.of("account_id", "job_id", "run_id", "step", "path");
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{([^{}]*)}");
    private static final Pattern ADJOINING = Pattern.compile("}[A-Za-z0-9]*\\{");
    private static final Pattern BUCKET = Pattern.compile("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]");
    private static final Duration LONGEST_PATIENCE = Duration.ofDays(1);
    private static final Set<String> ENCRYPTIONS = Set.of("none", "AES256", "aws:kms");

    private final List<ConfigFault> faults = new ArrayList<>();

    private ArtifactChecks() {}

    /** Everything that is wrong with {@code artifacts}. */
    static List<ConfigFault> faults(ArtifactsConfig artifacts) {
        ArtifactChecks checks = new ArtifactChecks();
        checks.layout(artifacts.layout());
        switch (artifacts.store()) {
            case NONE -> {}
            case FILE -> checks.directory(artifacts);
            case S3 -> checks.bucket(artifacts);
        }
        int parallelism = artifacts.parallelism();
        checks.check(
                parallelism >= 1 && parallelism <= MOST_FETCHES,
                "parallelism",
                parallelism + " is not between 1 and " + MOST_FETCHES
                        + "; each takes a connection to dbt Cloud, and without one nothing is fetched");
        checks.check(
                !artifacts.patience().isNegative() && artifacts.patience().compareTo(LONGEST_PATIENCE) <= 0,
                "patience",
                ConfigChecks.text(artifacts.patience()) + " is not between 0s and "
                        + ConfigChecks.text(LONGEST_PATIENCE) + "; with 0s each artifact is asked for once");
        checks.check(
                artifacts.maxSize() > 0,
                "max-size",
                artifacts.maxSize() + " is not 1 byte or more; relay.artifacts.store=none stores nothing");
        return List.copyOf(checks.faults);
    }

    private void layout(String layout) {
        PLACEHOLDER
                .matcher(layout)
                .results()
                .filter(it -> !PLACEHOLDERS.contains(it.group(1)))
                .forEach(it -> check(
                        false,
                        "layout",
                        "there is no " + it.group()
                                + "; there are {account_id}, {job_id}, {run_id}, {step} and {path}"));
        for (String needed : List.of("{run_id}", "{step}")) {
            check(
                    layout.contains(needed),
                    "layout",
                    "'" + layout + "' lacks " + needed + "; artifacts would overwrite one another");
        }
        check(
                layout.endsWith("/{path}") && layout.indexOf("{path}") == layout.length() - "{path}".length(),
                "layout",
                "'" + layout + "' does not end in /{path}; only so does each artifact have a place of its own");
        check(
                !ADJOINING.matcher(layout).find(),
                "layout",
                "'" + layout + "' needs something other than letters and digits between two placeholders");
        check(
                isRelative(PLACEHOLDER.matcher(layout).replaceAll("x")),
                "layout",
                "'" + layout + "' is not a path below the store: it must not begin with / or ., nor have empty names, "
                        + "names of dots, braces, backslashes or control characters");
    }

    private static boolean isRelative(String path) {
        for (String name : path.split("/", -1)) {
            if (name.isEmpty() || name.matches("\\.+")) {
                return false;
            }
        }
        return !path.startsWith(".")
                && path.chars().noneMatch(c -> Character.isISOControl(c) || c == '\\' || c == '{' || c == '}');
    }

    private void directory(ArtifactsConfig artifacts) {
        artifacts
                .directory()
                .ifPresentOrElse(
                        this::directory,
                        () -> check(false, "directory", "missing; relay.artifacts.store=file needs a directory"));
    }

    private void directory(Path directory) {
        try {
            Files.delete(Files.createTempFile(Files.createDirectories(directory), ".relay", null));
        } catch (IOException e) {
            check(false, "directory", "'" + directory + "' cannot be created or written to (" + e + ")");
        }
    }

    private void bucket(ArtifactsConfig artifacts) {
        artifacts
                .bucket()
                .ifPresentOrElse(
                        bucket -> check(
                                BUCKET.matcher(bucket).matches(),
                                "bucket",
                                "'" + bucket
                                        + "' is no name for a bucket: 3 to 63 characters of a-z, 0-9, '.' and '-'"),
                        () -> check(false, "bucket", "missing; relay.artifacts.store=s3 needs a bucket"));
        artifacts.prefix().ifPresent(prefix -> {
            String path = prefix.endsWith("/") ? prefix.substring(0, prefix.length() - 1) : prefix;
            check(
                    isRelative(path),
                    "prefix",
                    "'" + prefix
                            + "' is no beginning of a key such as dbt or dbt/prod/: no / or . at its start, no empty "
                            + "names, no names of dots");
        });
        artifacts.endpoint().ifPresent(this::endpoint);
        check(
                ENCRYPTIONS.contains(artifacts.serverSideEncryption()),
                "server-side-encryption",
                "'" + artifacts.serverSideEncryption() + "' is not one of none, AES256, aws:kms");
        check(
                artifacts.kmsKeyId().isEmpty()
                        || artifacts.serverSideEncryption().equals("aws:kms"),
                "kms-key-id",
                "there is nothing to use it for; set relay.artifacts.server-side-encryption=aws:kms too, or leave this out");
        check(
                artifacts.maxSize() <= LARGEST_OBJECT,
                "max-size",
                artifacts.maxSize() + " is more than " + LARGEST_OBJECT
                        + ", the most that relay.artifacts.store=s3 takes");
    }

    private void endpoint(URI endpoint) {
        String scheme = endpoint.getScheme();
        boolean plain = "http".equalsIgnoreCase(scheme);
        if (endpoint.getHost() == null || !(plain || "https".equalsIgnoreCase(scheme))) {
            check(false, "endpoint", "not the URL of a host; it must look like https://s3.example.com");
            return;
        }
        check(
                !plain || ConnectionChecks.isLoopback(endpoint.getHost()),
                "endpoint",
                "http would send artifacts in the clear; it must begin with https:// (http only to localhost, 127.0.0.0/8 and [::1])");
        check(
                endpoint.getRawUserInfo() == null
                        && endpoint.getRawQuery() == null
                        && endpoint.getRawFragment() == null,
                "endpoint",
                "holds a user, a query or a fragment; it must look like https://s3.example.com");
    }

    private void check(boolean right, String leaf, String wrong) {
        if (!right) {
            faults.add(new ConfigFault("relay.artifacts." + leaf, wrong));
        }
    }
}

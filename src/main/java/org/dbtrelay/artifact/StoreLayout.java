package org.dbtrelay.artifact;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.WantedArtifact;

/**
 * The place of an artifact in a store, by {@code relay.artifacts.layout}. Paths come from commands and from dbt Cloud, so none
 * may lead out of its place: what has a segment like {@code ..} is not stored.
 *
 * @param template such as {@code {account_id}/{job_id}/{run_id}/{step}/{path}}, checked at start
 */
record StoreLayout(String template) {

    private static final Pattern PLACEHOLDER = Pattern.compile("\\{([a-z_]+)}");

    /** In bytes: of a file's name in the usual file systems. */
    private static final int LONGEST_SEGMENT = 255;

    /** In bytes: of an object's key in S3. */
    private static final int LONGEST_KEY = 1024;

    /**
     * The key of an artifact: segments with {@code /} between them.
     *
     * @throws StoreException its path can be no key; that does not change
     */
    String key(RunSnapshot run, WantedArtifact wanted) throws StoreException {
        String key = PLACEHOLDER
                .matcher(template)
                .replaceAll(it -> Matcher.quoteReplacement(value(it.group(1), run, wanted)));
        for (String segment : key.split("/", -1)) {
            if (segment.isEmpty()
                    || segment.equals(".")
                    || segment.equals("..")
                    || segment.indexOf('\\') >= 0
                    || segment.chars().anyMatch(Character::isISOControl)) {
                throw StoreException.unfit("its path would lead out of the store");
            }
            if (bytes(segment) > LONGEST_SEGMENT) {
                throw StoreException.unfit("a name in its path has more than " + LONGEST_SEGMENT + " bytes");
            }
        }
        if (bytes(key) > LONGEST_KEY) {
            throw StoreException.unfit("its path has more than " + LONGEST_KEY + " bytes");
        }
        return key;
    }

    /** The text of a location. {@link URI#toASCIIString} would compose accents, and so name something else. */
    static String ascii(URI location) {
        StringBuilder ascii = new StringBuilder();
        for (byte octet : location.toString().getBytes(StandardCharsets.UTF_8)) {
            if (octet < 0) {
                ascii.append('%').append(HexFormat.of().withUpperCase().toHexDigits(octet));
            } else {
                ascii.append((char) octet);
            }
        }
        return ascii.toString();
    }

    private static String value(String name, RunSnapshot run, WantedArtifact wanted) {
        return switch (name) {
            case "account_id" -> String.valueOf(run.accountId());
            case "job_id" -> String.valueOf(run.jobId());
            case "run_id" -> String.valueOf(run.runId());
            case "step" -> wanted.step() == null ? "last" : String.valueOf(wanted.step());
            case "path" -> wanted.path();
            default -> throw new IllegalStateException("relay.artifacts.layout knows no {" + name + "}");
        };
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}

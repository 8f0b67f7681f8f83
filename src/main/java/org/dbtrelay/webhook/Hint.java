package org.dbtrelay.webhook;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Something has happened to a run; dbt Cloud knows what.
 *
 * @param accountId the run's account
 */
record Hint(long accountId, long runId) {

    private static final Pattern TEXT = Pattern.compile("([1-9]\\d{0,17})/([1-9]\\d{0,17})");

    /** As it stands in the hints topic: {@code <account id>/<run id>}. */
    byte[] bytes() {
        return (accountId + "/" + runId).getBytes(StandardCharsets.US_ASCII);
    }

    /** The hint of a record's value; empty if it is none. */
    static Optional<Hint> of(byte @Nullable [] value) {
        if (value == null || value.length > 40) {
            return Optional.empty();
        }
        Matcher text = TEXT.matcher(new String(value, StandardCharsets.US_ASCII));
        return text.matches()
                ? Optional.of(new Hint(Long.parseLong(text.group(1)), Long.parseLong(text.group(2))))
                : Optional.empty();
    }
}

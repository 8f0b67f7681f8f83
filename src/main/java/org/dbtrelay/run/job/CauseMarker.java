package org.dbtrelay.run.job;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The sign that a run was started for a command: {@code [relay:<deployment>:<token>]} at the front of dbt Cloud's
 * {@code cause}. dbt Cloud's trigger has no idempotency key, and {@code cause} is the only text that comes back with the
 * run; it is cut at 255 characters, so the sign stands in front.
 *
 * @param deployment {@code relay.name}
 * @param token 80 bits of a hash of ledger (its topic, and the cluster in which it began) and command id, the same for all attempts of a command
 */
public record CauseMarker(String deployment, String token) {

    private static final int MAX_CAUSE = 255;
    private static final int TOKEN_BYTES = 10;
    private static final int TOKEN_DIGITS = 16;

    /**
     * The marker of a command.
     *
     * @param ledger the ledger that has it, named as no other that starts runs in the account: of the policy
     */
    public static CauseMarker of(String deployment, String ledger, String commandId) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            sha256.update(ledger.getBytes(StandardCharsets.UTF_8));
            sha256.update((byte) 0);
            byte[] hash = sha256.digest(commandId.getBytes(StandardCharsets.UTF_8));
            String digits = new BigInteger(1, Arrays.copyOf(hash, TOKEN_BYTES)).toString(32);
            return new CauseMarker(deployment, "0".repeat(TOKEN_DIGITS - digits.length()) + digits);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** What the causes of all runs of a deployment begin with. */
    public static String prefix(String deployment) {
        return "[relay:" + deployment + ":";
    }

    /** The marker at the front of a cause, if it is one of the deployment's. */
    public static Optional<CauseMarker> in(@Nullable String cause, String deployment) {
        String prefix = prefix(deployment);
        int end = prefix.length() + TOKEN_DIGITS;
        return cause != null && cause.startsWith(prefix) && cause.startsWith("]", end)
                ? Optional.of(new CauseMarker(deployment, cause.substring(prefix.length(), end)))
                : Optional.empty();
    }

    /** The text that stands in {@code cause}. */
    public String text() {
        return prefix(deployment) + token + "]";
    }

    /** The {@code cause} to send: this marker, then the producer's own cause, the whole cut to 255 characters. */
    public String inFrontOf(@Nullable String cause) {
        String whole = cause == null || cause.isBlank() ? text() : text() + " " + cause;
        return Truncate.to(MAX_CAUSE, whole);
    }
}

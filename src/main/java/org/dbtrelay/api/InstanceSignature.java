package org.dbtrelay.api;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * How an instance shows another one that it belongs to the same deployment: by a signature that needs all of {@code
 * relay.api.keys}. No key travels: whoever writes a false address into the control topic gets none.
 */
final class InstanceSignature {

    private static final String SCHEME = "Relay-Instance";
    private static final String ALGORITHM = "HmacSHA256";
    private static final Pattern HEADER = Pattern.compile(SCHEME + " ([0-9]{1,12})\\.([0-9a-f]{64})");

    /** Clocks may differ by so much, and a signature that somebody has seen is worth nothing afterwards. */
    private static final Duration VALID = Duration.ofSeconds(60);

    private final SecretKeySpec secret;
    private final Clock clock;

    /** With the hashes of all keys, in any order; there has to be one. */
    InstanceSignature(Collection<byte[]> hashes, Clock clock) {
        this.secret = new SecretKeySpec(
                hashes.stream()
                        .map(HexFormat.of()::formatHex)
                        .sorted()
                        .reduce("between instances", String::concat)
                        .getBytes(StandardCharsets.US_ASCII),
                ALGORITHM);
        this.clock = clock;
    }

    /** The value of {@code Authorization} for a request. */
    String of(String method, URI uri) {
        long now = clock.instant().getEpochSecond();
        return SCHEME + " " + now + "." + HexFormat.of().formatHex(mac(method, uri, now));
    }

    /** Whether an instance of this deployment has signed the request just now. */
    boolean isIn(String header, String method, URI uri) {
        Matcher found = HEADER.matcher(header);
        if (!found.matches()) {
            return false;
        }
        long at = Long.parseLong(found.group(1));
        Instant now = clock.instant();
        boolean isValid =
                MessageDigest.isEqual(mac(method, uri, at), HexFormat.of().parseHex(found.group(2)));
        boolean isFresh = Duration.between(Instant.ofEpochSecond(at), now).abs().compareTo(VALID) <= 0;
        return isValid && isFresh;
    }

    private byte[] mac(String method, URI uri, long at) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(secret);
            String query = uri.getRawQuery() == null ? "" : uri.getRawQuery();
            return mac.doFinal(String.join("\n", method, uri.getRawPath(), query, String.valueOf(at))
                    .getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has " + ALGORITHM, e);
        }
    }
}

package org.dbtrelay.dbtcloud.webhook;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.dbtrelay.dbtcloud.http.ApiToken;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.jspecify.annotations.Nullable;

/**
 * The signature of dbt Cloud's webhooks: HMAC-SHA256 over the bytes of the body with the subscription's secret, as lower-case
 * hex and without a scheme in {@code Authorization} (dbt's documentation: "Webhooks for your jobs").
 */
public final class WebhookSignature {

    private static final RelayLog LOG = RelayLog.of(WebhookSignature.class);
    private static final String ALGORITHM = "HmacSHA256";

    private final ApiToken secret;

    /** {@code secret} is the secret of the webhook. */
    public WebhookSignature(ApiToken secret) {
        this.secret = secret;
    }

    /** With a secret that does not change. */
    public static WebhookSignature of(String secret) {
        return new WebhookSignature(ApiToken.of(secret));
    }

    /**
     * Whether the header signs the body. Takes as long for a wrong one as for the right one.
     *
     * @param header null: there is none
     */
    public boolean isOf(byte[] body, @Nullable String header) {
        if (header == null) {
            return false;
        }
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(secret.value().getBytes(StandardCharsets.UTF_8), ALGORITHM));
            String expected = HexFormat.of().formatHex(mac.doFinal(body));
            return MessageDigest.isEqual(
                    expected.getBytes(StandardCharsets.UTF_8), header.getBytes(StandardCharsets.UTF_8));
        } catch (ApiToken.Unreadable e) {
            LOG.warn(
                    "a webhook cannot be checked: its secret cannot be read",
                    RelayLog.pair(LogKey.REASON, e.getMessage()));
            return false;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has HMAC-SHA256", e);
        }
    }
}

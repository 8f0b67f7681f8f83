package org.dbtrelay.dbtcloud.webhook;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Optional;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.dbtrelay.dbtcloud.http.ApiToken;

/**
 * Seals the secret of a webhook subscription, so that the instances of a deployment can pass it on to each other through Kafka:
 * AES-256-GCM with a key that comes from the connection's API token. Who can open it could make a subscription anyway; who reads
 * the topic without the token learns nothing. A new token opens nothing of before: the relay makes the subscription anew.
 */
public final class SecretSeal {

    private static final byte[] PURPOSE = "dbt-cloud-relay webhook secret".getBytes(StandardCharsets.US_ASCII);
    private static final int NONCE = 12;
    private static final int TAG_BITS = 128;

    private final ApiToken token;
    private final SecureRandom random = new SecureRandom();

    /** Seals with the token of the moment. */
    public SecretSeal(ApiToken token) {
        this.token = token;
    }

    /**
     * The sealed secret, as a text.
     *
     * @param about the subscription; opens only with the same
     */
    public String seal(String secret, String about) {
        byte[] nonce = new byte[NONCE];
        random.nextBytes(nonce);
        try {
            byte[] sealed = cipher(Cipher.ENCRYPT_MODE, nonce, about).doFinal(secret.getBytes(StandardCharsets.UTF_8));
            byte[] all = ByteBuffer.allocate(NONCE + sealed.length)
                    .put(nonce)
                    .put(sealed)
                    .array();
            return Base64.getEncoder().encodeToString(all);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has AES-GCM", e);
        }
    }

    /** How webhooks with the secret are signed; empty if it was sealed with another token, about something else, or is damaged. */
    public Optional<WebhookSignature> open(String sealed, String about) {
        try {
            byte[] all = Base64.getDecoder().decode(sealed);
            if (all.length <= NONCE) {
                return Optional.empty();
            }
            ByteBuffer bytes = ByteBuffer.wrap(all);
            byte[] nonce = new byte[NONCE];
            bytes.get(nonce);
            byte[] text = new byte[bytes.remaining()];
            bytes.get(text);
            return Optional.of(WebhookSignature.of(
                    new String(cipher(Cipher.DECRYPT_MODE, nonce, about).doFinal(text), StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException | IllegalArgumentException | ApiToken.Unreadable e) {
            return Optional.empty();
        }
    }

    private Cipher cipher(int mode, byte[] nonce, String about) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(token.value().getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, new SecretKeySpec(mac.doFinal(PURPOSE), "AES"), new GCMParameterSpec(TAG_BITS, nonce));
        cipher.updateAAD(about.getBytes(StandardCharsets.UTF_8));
        return cipher;
    }
}

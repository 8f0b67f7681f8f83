package org.dbtrelay.dbtcloud.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.dbtrelay.dbtcloud.http.ApiToken;
import org.dbtrelay.emulator.WebhookPayload;
import org.junit.jupiter.api.Test;

class SecretSealTest {

    private static final String SECRET = "whsec_0123456789abcdef";
    private static final byte[] BODY = "{}".getBytes(StandardCharsets.UTF_8);

    private final SecretSeal seal = new SecretSeal(ApiToken.of("dbtc_one"));

    @Test
    void opensWhatItHasSealed() {
        String sealed = seal.seal(SECRET, "default/1/wsu_1");
        assertThat(sealed).doesNotContain(SECRET);
        assertThat(new String(Base64.getDecoder().decode(sealed), StandardCharsets.ISO_8859_1))
                .doesNotContain(SECRET);
        assertThat(seal.open(sealed, "default/1/wsu_1"))
                .hasValueSatisfying(
                        signature -> assertThat(signature.isOf(BODY, WebhookPayload.signature(SECRET, BODY)))
                                .isTrue());
        assertThat(seal.seal(SECRET, "default/1/wsu_1")).as("no two are alike").isNotEqualTo(sealed);
    }

    @Test
    void opensNothingElse() {
        String sealed = seal.seal(SECRET, "default/1/wsu_1");
        assertThat(seal.open(sealed, "default/1/wsu_2")).isEmpty();
        assertThat(new SecretSeal(ApiToken.of("dbtc_two")).open(sealed, "default/1/wsu_1"))
                .isEmpty();
        byte[] damaged = Base64.getDecoder().decode(sealed);
        damaged[damaged.length - 1] ^= 1;
        assertThat(seal.open(Base64.getEncoder().encodeToString(damaged), "default/1/wsu_1"))
                .isEmpty();
        for (String odd : new String[] {"", "no base 64 at all", "AAAA"}) {
            assertThat(seal.open(odd, "default/1/wsu_1")).isEmpty();
        }
    }
}

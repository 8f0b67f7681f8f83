package org.dbtrelay.dbtcloud.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dbtrelay.dbtcloud.http.ApiToken;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class WebhookSignatureTest {

    /** RFC 4231, test case 2. */
    private static final String RIGHT = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

    private static final byte[] BODY = "what do ya want for nothing?".getBytes(StandardCharsets.US_ASCII);

    private final WebhookSignature signature = new WebhookSignature(ApiToken.of("Jefe"));

    @Test
    void theRightOneIsTaken() {
        assertThat(signature.isOf(BODY, RIGHT)).isTrue();
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(
            strings = {
                "",
                " ",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3844",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec38",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec384300",
                "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843",
                "Bearer 5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
                "Jefe",
                "é"
            })
    void anythingElseIsNot(String header) {
        assertThat(signature.isOf(BODY, header)).isFalse();
    }

    @Test
    void everyByteOfTheBodyCounts() {
        byte[] body = BODY.clone();
        body[body.length - 1] = '!';

        assertThat(signature.isOf(body, RIGHT)).isFalse();
        assertThat(signature.isOf(new byte[0], RIGHT)).isFalse();
    }

    @Test
    void theSecretIsReadAgainWhenItsFileChanges(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("secret");
        WebhookSignature rotated = new WebhookSignature(ApiToken.in(file));

        assertThat(rotated.isOf(BODY, RIGHT)).as("without a secret").isFalse();
        Files.writeString(file, "another secret".replace(' ', '-'));
        assertThat(rotated.isOf(BODY, RIGHT)).isFalse();
        Files.writeString(file, "Jefe\n");
        assertThat(rotated.isOf(BODY, RIGHT)).isTrue();
    }
}

package org.dbtrelay.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class HintTest {

    @Test
    void itIsReadAsItWasWritten() {
        Hint hint = new Hint(70403103920001L, 70403110257794L);

        assertThat(Hint.of(hint.bytes())).contains(hint);
        assertThat(hint.bytes()).asString(StandardCharsets.US_ASCII).isEqualTo("70403103920001/70403110257794");
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(
            strings = {
                "",
                "1",
                "1/",
                "/1",
                "0/1",
                "1/0",
                "-1/1",
                "1/1/1",
                "1 /1",
                "a/b",
                "1/1234567890123456789",
                "{\"account_id\":1,\"run_id\":2,\"more\":\"than a hint holds\"}"
            })
    void anythingElseIsIgnored(String value) {
        assertThat(Hint.of(value == null ? null : value.getBytes(StandardCharsets.UTF_8)))
                .isEmpty();
    }
}

package org.dbtrelay.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InstanceSignatureTest {

    private static final URI ASKED = URI.create("http://10.0.0.1:8080/api/commands/a%2Fb?scope=instance");

    private final HandTurnedClock clock = HandTurnedClock.at("2026-11-29T10:00:00Z");
    private final InstanceSignature signature = of("one", "two");

    @Test
    void holdsForTheSameRequestAtAnotherAddressAndInAnyOrderOfKeys() {
        String header = signature.of("GET", ASKED);

        assertThat(of("two", "one")
                        .isIn(header, "GET", URI.create("https://relay.example/api/commands/a%2Fb?scope=instance")))
                .isTrue();
    }

    @Test
    void holdsForNoOtherRequestAndNoOtherDeployment() {
        String header = signature.of("GET", ASKED);

        assertThat(signature.isIn(header, "POST", ASKED)).isFalse();
        assertThat(signature.isIn(header, "GET", ASKED.resolve("/api/commands/b?scope=instance")))
                .isFalse();
        assertThat(signature.isIn(header, "GET", ASKED.resolve("/api/commands/a%2Fb")))
                .isFalse();
        assertThat(of("one").isIn(header, "GET", ASKED)).isFalse();
    }

    @Test
    void holdsForAMinute() {
        String header = signature.of("GET", ASKED);

        clock.advance(Duration.ofSeconds(60));
        assertThat(signature.isIn(header, "GET", ASKED)).isTrue();
        clock.advance(Duration.ofSeconds(1));
        assertThat(signature.isIn(header, "GET", ASKED)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "Bearer one",
                "Relay-Instance",
                "Relay-Instance 1.00",
                "Relay-Instance 999999999999.",
                "relay-instance 1.a"
            })
    void isNoOtherHeader(String header) {
        assertThat(signature.isIn(header, "GET", ASKED)).isFalse();
    }

    private InstanceSignature of(String... keys) {
        return new InstanceSignature(
                List.of(keys).stream()
                        .map(key -> key.getBytes(StandardCharsets.US_ASCII))
                        .toList(),
                clock);
    }
}

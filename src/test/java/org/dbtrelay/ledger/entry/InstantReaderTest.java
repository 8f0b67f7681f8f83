package org.dbtrelay.ledger.entry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** It reads what the JDK reads, and nothing else. */
class InstantReaderTest {

    @Test
    void itReadsWhatTheJdkWrites() {
        Random random = new Random(7);
        for (int digits = 0; digits <= 9; digits++) {
            DateTimeFormatter format =
                    new DateTimeFormatterBuilder().appendInstant(digits).toFormatter();
            for (int i = 0; i < 1_000; i++) {
                String text = format.format(Instant.ofEpochSecond(
                        random.nextLong(-62_000_000_000L, 253_000_000_000L), random.nextInt(1_000_000_000)));

                assertThat(InstantReader.read(text)).as(text).isEqualTo(Instant.parse(text));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "2026-11-22T10:00:00Z",
                "2024-02-29T23:59:59.999999999Z",
                "2026-11-22T24:00:00Z",
                "2016-12-31T23:59:60Z",
                "2026-11-22t10:00:00z",
                "2026-11-22T10:00:00+02:00",
                "+12026-11-22T10:00:00Z",
                "-0001-11-22T10:00:00Z"
            })
    void oddOnesMeanWhatTheJdkSays(String text) {
        assertThat(InstantReader.read(text)).isEqualTo(Instant.parse(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "Z",
                "2026-11-22",
                "2026-11-22T10:00:00",
                "2026-11-22T10:00:61Z",
                "2026-02-29T10:00:00Z",
                "2026-13-01T10:00:00Z",
                "2026-11-22T25:00:00Z",
                "2026-11-22T10:00:00.1234567890Z",
                "2026-11-22 10:00:00Z",
                "2026-11-22T10:00:00,1Z"
            })
    void whatIsNoTimeIsRefused(String text) {
        assertThatThrownBy(() -> Instant.parse(text)).isInstanceOf(DateTimeException.class);
        assertThatThrownBy(() -> InstantReader.read(text)).isInstanceOf(DateTimeException.class);
    }

    @Test
    void aPointWithoutDigitsIsLeftToTheJdk() {
        String text = "2026-11-22T10:00:00.Z";
        try {
            Instant expected = Instant.parse(text);
            assertThat(InstantReader.read(text)).isEqualTo(expected);
        } catch (DateTimeException e) {
            assertThatThrownBy(() -> InstantReader.read(text)).isInstanceOf(DateTimeException.class);
        }
    }
}

package org.dbtrelay.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.event.DeadLetter;
import org.dbtrelay.run.event.DeadLetterReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a sender can write in JSON, and nobody can write again. */
class QuotedTest {

    private final CommandDecoder decoder = new CommandDecoder(20_000);

    @Test
    void aTextIsCutBetweenCharacters() {
        assertThat(Quoted.text("x".repeat(60))).isEqualTo("x".repeat(60));
        assertThat(Quoted.text("x".repeat(61))).isEqualTo("x".repeat(60) + "…");
        assertThat(Quoted.text("x".repeat(59) + "😀")).isEqualTo("x".repeat(59) + "😀");
        assertThat(Quoted.text("x".repeat(59) + "😀y")).isEqualTo("x".repeat(59) + "😀…");
        assertThat(Quoted.text("a\nb\u0000\u0085\uD83D")).isEqualTo("a\uFFFDb\uFFFD\uFFFD\uFFFD");
        assertThat(Quoted.text("")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"command\": \"trigger\", \"job_id\": 1, \"cause\": \"\\ud83d\"}",
                "{\"command\": \"trigger\", \"job_id\": 1, \"context\": [[{\"a\": \"\\ude00\\ud83d\"}]]}",
                "{\"command\": \"trigger\", \"job_id\": 1, \"context\": {\"\\ude00\": 1}}",
                "{\"\\ud83d\": 1}",
            })
    void halfACharacterIsMalformed(String json) {
        assertThat(verdict(json).reason()).isEqualTo(DeadLetterReason.MALFORMED);
        assertThat(verdict(json).message()).contains("surrogate pair");
    }

    @Test
    void bothHalvesAreACharacter() {
        assertThat(decode("{\"command\": \"trigger\", \"job_id\": 1, \"cause\": \"\\ud83d\\ude00\"}"))
                .isInstanceOf(Input.CommandReceived.class);
    }

    /** Jackson reads it without a word, and cannot make a number of it. */
    @ParameterizedTest
    @ValueSource(strings = {"1e99999999999999", "-1E+99999999999", "[1e-99999999999]"})
    void anEndlessExponentIsMalformed(String number) {
        assertThat(verdict("{\"command\": \"trigger\", \"job_id\": 1, \"context\": " + number + "}")
                        .reason())
                .isEqualTo(DeadLetterReason.MALFORMED);
    }

    @Test
    void aHundredLevelsAreDeepEnough() {
        assertThat(decode(nested(99))).isInstanceOf(Input.CommandReceived.class);
        assertThat(verdict(nested(100)).reason()).isEqualTo(DeadLetterReason.MALFORMED);
    }

    private static String nested(int levels) {
        return "{\"command\": \"trigger\", \"job_id\": 1, \"context\": " + "[".repeat(levels) + "]".repeat(levels)
                + "}";
    }

    private DeadLetter verdict(String json) {
        return ((Input.NotACommand) decode(json)).verdict();
    }

    private Input decode(String json) {
        return decoder.decode(json.getBytes(StandardCharsets.UTF_8), name -> null, "id", Instant.EPOCH);
    }
}

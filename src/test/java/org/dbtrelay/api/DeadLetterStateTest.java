package org.dbtrelay.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Base64;
import org.dbtrelay.deadletter.Letter;
import org.dbtrelay.deadletter.Replayed;
import org.dbtrelay.deadletter.SampleLetter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bytes that are text are shown as text, and all others so that nothing of them is lost. */
class DeadLetterStateTest {

    private static final Instant NOW = Instant.parse("2026-11-29T10:00:00Z");
    private static final byte[] BINARY = {(byte) 0xFF, 0, (byte) 0xFE, (byte) 0x80, (byte) 0xC3};

    private static DeadLetterState state(SampleLetter letter) {
        return DeadLetterState.of(letter.build(), null);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    @Test
    void saysWhatWasPutAsideWhereAndWhy() {
        DeadLetterState state = state(SampleLetter.of(bytes("no command ü"))
                .key(bytes("orders"))
                .header("time", NOW.toString())
                .header("reason", "malformed")
                .header("message", "no JSON")
                .header("topic", "dbt.commands")
                .header("partition", "5")
                .header("offset", "77"));

        assertThat(state)
                .isEqualTo(new DeadLetterState(
                        3,
                        12,
                        NOW,
                        "malformed",
                        "no JSON",
                        "dbt.commands",
                        5,
                        77L,
                        "orders",
                        null,
                        "no command ü",
                        null,
                        13,
                        false,
                        null,
                        null,
                        null,
                        null,
                        null));
    }

    @Test
    void aRecordOfSomebodyElseHasOnlyItsPlaceAndItsBytes() {
        DeadLetterState state = state(SampleLetter.of(null));

        assertThat(state.partition()).isEqualTo(3);
        assertThat(state.offset()).isEqualTo(12);
        assertThat(state.time()).isEqualTo(Instant.EPOCH);
        assertThat(state.sourceTopic()).isNull();
        assertThat(state.sourcePartition()).isNull();
        assertThat(state.sourceOffset()).isNull();
        assertThat(state.key()).isNull();
        assertThat(state.keyBase64()).isNull();
        assertThat(state.value()).isNull();
        assertThat(state.valueBase64()).isNull();
        assertThat(state.valueSize()).isZero();
        assertThat(state.valueCut()).isFalse();
    }

    @Test
    void bytesThatAreNoTextAreInBase64() {
        DeadLetterState state = state(SampleLetter.of(BINARY).key(BINARY));

        assertThat(state.key()).isNull();
        assertThat(Base64.getDecoder().decode(state.keyBase64())).isEqualTo(BINARY);
        assertThat(state.value()).isNull();
        assertThat(Base64.getDecoder().decode(state.valueBase64())).isEqualTo(BINARY);
        assertThat(state.valueSize()).isEqualTo(BINARY.length);
    }

    /** The euro has three bytes, the face four. */
    @ParameterizedTest
    @CsvSource({
        "a€b, 5, a€b, false",
        "a€b, 4, a€, true",
        "a€b, 3, a, true",
        "a€b, 2, a, true",
        "a€b, 1, a, true",
        "a😀, 4, a, true",
        "a😀, 3, a, true",
        "a😀, 0, '', true",
    })
    void aTextIsCutBetweenCharacters(String value, int most, String shown, boolean cut) {
        DeadLetterState state = state(SampleLetter.of(bytes(value)).most(most));

        assertThat(state.value()).isEqualTo(shown);
        assertThat(state.valueBase64()).isNull();
        assertThat(state.valueCut()).isEqualTo(cut);
        assertThat(state.valueSize()).isEqualTo(5);
    }

    @Test
    void onlyACutExcusesHalfACharacter() {
        byte[] half = {'a', (byte) 0xE2, (byte) 0x82};

        assertThat(state(SampleLetter.of(half)).value()).isNull();
        assertThat(state(SampleLetter.of(half)).valueBase64()).isNotNull();
        assertThat(state(SampleLetter.of(bytes("k")).key(half)).keyBase64()).isNotNull();
        for (int most = 1; most <= 4; most++) {
            DeadLetterState cut = state(SampleLetter.of(BINARY).most(most));
            assertThat(cut.value()).as("no text at all").isNull();
            assertThat(Base64.getDecoder().decode(cut.valueBase64())).hasSize(most);
            assertThat(cut.valueCut()).isTrue();
        }
    }

    @Test
    void saysWhatTheTopicDidNotTake() {
        DeadLetterState value =
                state(SampleLetter.of(bytes("not its own")).key(bytes("orders")).header("value-omitted", "9000"));
        assertThat(value.missing()).isEqualTo("value");
        assertThat(value.key()).isEqualTo("orders");
        assertThat(value.value()).isNull();
        assertThat(value.valueSize()).isEqualTo(9_000);
        assertThat(value.valueCut()).as("nothing of it is here").isFalse();

        DeadLetterState key =
                state(SampleLetter.of(null).key(bytes("not its own")).header("headers-omitted", "true"));
        assertThat(key.missing()).isEqualTo("key");
        assertThat(key.key()).isNull();
        assertThat(key.keyBase64()).isNull();
    }

    @Test
    void saysWhoReplayedItAndAsWhat() {
        Letter letter = SampleLetter.of(bytes("{}")).build();
        DeadLetterState known = DeadLetterState.of(letter, new Replayed(1, "id", NOW, "ops", true, 0, 5, "c1"));
        assertThat(known.replayedAt()).isEqualTo(NOW);
        assertThat(known.replayedBy()).isEqualTo("ops");
        assertThat(known.mended()).isTrue();
        assertThat(known.replayedAs()).isEqualTo("c1");

        DeadLetterState open = DeadLetterState.of(letter, new Replayed(1, "id", NOW, null, false, 0, 5, "c1"));
        assertThat(open.replayedAt()).isEqualTo(NOW);
        assertThat(open.replayedBy()).isNull();
        assertThat(open.mended()).isFalse();
    }
}

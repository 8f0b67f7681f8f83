package org.dbtrelay.lineage.project;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BoundedTextsTest {

    private static InputStream bytes(String json) {
        return new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8));
    }

    private static String through(String json) throws IOException {
        return new String(new BoundedTexts(bytes(json)).readAllBytes(), StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{}",
                "{\"a\": \"b\", \"c\": [1, null, \"\"]}",
                "{\"quote \\\" and back\\\\\": \"\\u00e9\\n\u00e9\uD83D\uDE00\"}",
                "\"half an escape \\",
                "\"broken \\u12\" \"next\""
            })
    void leavesWhatIsShortAsItIs(String json) throws IOException {
        assertThat(through(json)).isEqualTo(json);
    }

    /** Wherever the cut falls, between bytes of a character or of an escape, the JSON stays JSON. */
    @ParameterizedTest
    @ValueSource(strings = {"x", "\u00e9", "\u20ac", "\uD83D\uDE00", "\\n", "\\\\", "\\\"", "\\u20ac", "a\\u20ac"})
    void shortensLongTexts(String unit) throws IOException {
        String longText = unit.repeat(BoundedTexts.LONGEST);
        for (String before : new String[] {"", "1", "12", "123", "1234", "12345"}) {
            JsonNode read = new ObjectMapper()
                    .readTree(
                            new BoundedTexts(bytes("{\"long\": \"" + before + longText + "\", \"next\": \"stays\"}")));

            assertThat(read.path("next").asText()).isEqualTo("stays");
            assertThat(read.path("long").asText().getBytes(StandardCharsets.UTF_8).length)
                    .isLessThanOrEqualTo(BoundedTexts.LONGEST + 8);
            assertThat(read.path("long").asText()).startsWith(before).doesNotContain("\uFFFD");
        }
    }

    /** However the bytes come in. */
    @Test
    void doesNotMindInWhichPiecesTheyCome() throws IOException {
        String json = "{\"long\": \"" + "\u20ac\\u20ac".repeat(BoundedTexts.LONGEST / 4) + "\", \"next\": [\"stays\"]}";
        Random random = new Random(7);
        InputStream pieces = new FilterInputStream(bytes(json)) {
            @Override
            public int read(byte[] to, int offset, int count) throws IOException {
                return super.read(to, offset, Math.min(count, 1 + random.nextInt(7)));
            }
        };

        assertThat(new String(new BoundedTexts(pieces).readAllBytes(), StandardCharsets.UTF_8))
                .isEqualTo(through(json))
                .endsWith("\"next\": [\"stays\"]}");
    }

    @Test
    void readsSingleBytes() throws IOException {
        try (InputStream one = new BoundedTexts(bytes("{}"))) {
            assertThat(new int[] {one.read(), one.read(), one.read()}).containsExactly('{', '}', -1);
            assertThat(one.read(new byte[1], 0, 0)).isZero();
        }
    }
}

package org.dbtrelay.dbtcloud.redaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.dbtrelay.dbtcloud.http.Envelope;
import org.junit.jupiter.api.Test;

class LongStringCutTest {

    private static byte[] cut(byte[] json) throws IOException {
        return new LongStringCut(new ByteArrayInputStream(json)).readAllBytes();
    }

    @Test
    void leavesShortStringsAlone() throws IOException {
        byte[] json =
                "{\"a\":\"b\\\"c\\\\\",\"\":[1,\"\\u00fc\\n\",\"ü€😀\"],\"x\":null} ".getBytes(StandardCharsets.UTF_8);

        assertThat(cut(json)).isEqualTo(json);
        assertThat(cut(new byte[0])).isEmpty();
        assertThat(cut("<html>\"".getBytes(StandardCharsets.UTF_8)))
                .isEqualTo("<html>\"".getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void keepsTheEndOfALongString() throws IOException {
        String log =
                IntStream.range(0, 200_000).mapToObj(i -> "line " + i + "\n").collect(Collectors.joining());
        ObjectNode tree = Envelope.JSON
                .createObjectNode()
                .put("before", 1)
                .put("logs", log)
                .put("after", "x");

        byte[] cut = cut(Envelope.JSON.writeValueAsBytes(tree));

        JsonNode read = Envelope.JSON.readTree(cut);
        assertThat(read.get("before").intValue()).isEqualTo(1);
        assertThat(read.get("after").textValue()).isEqualTo("x");
        assertThat(log).endsWith(read.get("logs").textValue());
        assertThat(read.get("logs").textValue().length()).isBetween(LongStringCut.LOG_TAIL_BYTES, 60_000);
    }

    /** Whole lines, from the beginning, up to the bound; nothing of a line that is too long, and no half line behind them. */
    @Test
    void linesWithAWordAreKeptInFrontOfTheEnd() throws IOException {
        String filler = "nothing of note\n".repeat(10_000);
        String log = "first NOTED \"ü\"\n" + "NOTED " + "x".repeat(LineSieve.LONGEST_LINE) + "\n" + filler
                + "second NOTED\n" + filler;
        byte[] json = Envelope.JSON.writeValueAsBytes(Envelope.JSON
                .createObjectNode()
                .put("short", "NOTED\n")
                .put("logs", log)
                .put("more", filler));

        JsonNode read =
                Envelope.JSON.readTree(new LongStringCut(new ByteArrayInputStream(json), java.util.Set.of("NOTED")));

        assertThat(read.get("short").textValue()).isEqualTo("NOTED\n");
        assertThat(read.get("logs").textValue())
                .startsWith("first NOTED \"ü\"\nsecond NOTED\nnothing of note\n")
                .endsWith("nothing of note\n")
                .hasSizeLessThan(60_000);
        assertThat(filler).as("no word in it").endsWith(read.get("more").textValue());
    }

    @Test
    void keptLinesHaveABound() throws IOException {
        byte[] json = Envelope.JSON.writeValueAsBytes(
                Envelope.JSON.createObjectNode().put("logs", "a NOTED line\n".repeat(100_000)));

        JsonNode read =
                Envelope.JSON.readTree(new LongStringCut(new ByteArrayInputStream(json), java.util.Set.of("NOTED")));

        assertThat(read.get("logs").textValue().length()).isBetween(60_000, 60_000 + LineSieve.MOST_BYTES);
        assertThat(read.get("logs").textValue().lines()).allMatch("a NOTED line"::equals);
    }

    @Test
    void aKeptLineWithoutAnEndBehindItIsLeftOut() throws IOException {
        byte[] json = Envelope.JSON.writeValueAsBytes(
                Envelope.JSON.createObjectNode().put("logs", "NOTED\n" + "x".repeat(200_000)));

        JsonNode read =
                Envelope.JSON.readTree(new LongStringCut(new ByteArrayInputStream(json), java.util.Set.of("NOTED")));

        assertThat(read.get("logs").textValue()).matches("x+").hasSizeLessThan(60_000);
    }

    @Test
    void cutsOnlyBetweenCharactersAndEscapes() throws IOException {
        String[] pieces = {"a", "ü", "€", "😀", "\n", "\"", "\\", "\u0001", "/"};
        for (int seed = 0; seed < 40; seed++) {
            Random random = new Random(seed);
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < 60_000 + seed; i++) {
                text.append(pieces[random.nextInt(pieces.length)]);
            }
            byte[] json = Envelope.JSON.writeValueAsBytes(
                    Envelope.JSON.createObjectNode().put("logs", text.toString()));

            String kept = Envelope.JSON.readTree(cut(json)).get("logs").textValue();

            assertThat(text.toString()).as("seed %d", seed).endsWith(kept);
            assertThat(LongStringCut.lastLines(kept))
                    .as("seed %d", seed)
                    .isEqualTo(LongStringCut.lastLines(text.toString()));
        }
    }

    @Test
    void takesLittleMemoryForALotOfLog() throws IOException {
        InputStream begin = new ByteArrayInputStream("{\"logs\":\"".getBytes(StandardCharsets.UTF_8));
        InputStream end = new ByteArrayInputStream("\"}".getBytes(StandardCharsets.UTF_8));
        InputStream json = new SequenceInputStream(
                Collections.enumeration(java.util.List.of(begin, new Endless(300_000_000), end)));

        JsonNode read = Envelope.JSON.readTree(new LongStringCut(json));

        assertThat(read.get("logs").textValue()).hasSizeLessThan(60_000);
    }

    @Test
    void bytesThatAreNoUtf8DoNotBreakIt() throws IOException {
        byte[] broken = new byte[200_000];
        java.util.Arrays.fill(broken, (byte) 0x80);
        broken[0] = '"';

        assertThat(cut(broken)).hasSizeLessThan(60_000);
        assertThatThrownBy(() -> Envelope.JSON.readTree(cut(broken))).isInstanceOf(IOException.class);
    }

    @Test
    void theTailOfALogBeginsWithALine() {
        assertThat(LongStringCut.lastLines("short\nlog")).isEqualTo("short\nlog");
        assertThat(LongStringCut.lastLines("x".repeat(5000) + "\nlast\n")).isEqualTo("last\n");
        assertThat(LongStringCut.lastLines("x".repeat(5000))).hasSize(4096);
        assertThat(LongStringCut.lastLines("€".repeat(5000)).getBytes(StandardCharsets.UTF_8))
                .hasSizeBetween(4090, 4096);
    }

    /** That many characters without holding them. */
    private static final class Endless extends InputStream {
        private long left;

        Endless(long count) {
            left = count;
        }

        @Override
        public int read() {
            return left-- > 0 ? 'x' : -1;
        }

        @Override
        public int read(byte[] target, int offset, int length) {
            if (left <= 0) {
                return -1;
            }
            int count = (int) Math.min(length, left);
            java.util.Arrays.fill(target, offset, offset + count, (byte) 'x');
            left -= count;
            return count;
        }
    }
}

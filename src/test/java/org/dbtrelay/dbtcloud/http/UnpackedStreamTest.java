package org.dbtrelay.dbtcloud.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UnpackedStreamTest {

    private static final byte[] CONTENT = "{\"data\": [1, 2, 3]}".repeat(1_000).getBytes(StandardCharsets.UTF_8);

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "x-gzip", "GZIP", " gzip ", "gzip, identity", "deflate", "identity", ""})
    void whatWasPackedIsAsBefore(String encoding) throws IOException {
        assertThat(UnpackedStream.of(new ByteArrayInputStream(packed(encoding)), encoding))
                .hasBinaryContent(CONTENT);
        assertThat(UnpackedStream.isPacked(encoding)).isEqualTo(!encoding.isEmpty() && !encoding.equals("identity"));
    }

    @Test
    void withoutAHeaderItIsAsItIs() throws IOException {
        assertThat(UnpackedStream.of(new ByteArrayInputStream(CONTENT), null)).hasBinaryContent(CONTENT);
        assertThat(UnpackedStream.isPacked(null)).isFalse();
    }

    /** Some servers leave zlib's header out. */
    @Test
    void deflateIsUnpackedWithoutItsHeaderToo() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new DeflaterOutputStream(bytes, new Deflater(9, true))) {
            out.write(CONTENT);
        }

        assertThat(UnpackedStream.of(new ByteArrayInputStream(bytes.toByteArray()), "deflate"))
                .hasBinaryContent(CONTENT);
    }

    @Test
    void whatWasPackedTwiceIsUnpackedTwice() throws IOException {
        ByteArrayOutputStream twice = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(twice)) {
            out.write(packed("deflate"));
        }

        assertThat(UnpackedStream.of(new ByteArrayInputStream(twice.toByteArray()), "deflate, gzip"))
                .hasBinaryContent(CONTENT);
    }

    @ParameterizedTest
    @CsvSource({
        "br, Content-Encoding 'br'",
        "zstd, Content-Encoding 'zstd'",
        "'gzip, br', Content-Encoding 'br'",
        "'gzip, gzip, gzip, gzip', packed 4 times",
    })
    void whatIsNotKnownIsNamed(String encoding, String message) {
        assertThatThrownBy(() -> UnpackedStream.of(InputStream.nullInputStream(), encoding))
                .isInstanceOf(Envelope.UnreadableAnswer.class)
                .hasMessageContaining(message);
        assertThat(UnpackedStream.isPacked(encoding)).isTrue();
    }

    @Test
    void whatIsSmallOnTheWireAndHugeBehindItIsBounded() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(bytes)) {
            out.write("{\"data\": \"".getBytes(StandardCharsets.UTF_8));
            for (int i = 0; i < 17; i++) {
                out.write(new byte[1024 * 1024]);
            }
        }

        assertThat(bytes.size()).isLessThan(100_000);
        assertThatThrownBy(() -> new BoundedStream(
                                UnpackedStream.of(new ByteArrayInputStream(bytes.toByteArray()), "gzip"))
                        .transferTo(OutputStream.nullOutputStream()))
                .isInstanceOf(BoundedStream.TooLarge.class)
                .hasMessageContaining("16 MiB");
    }

    /** Blocks without content, which zlib writes for each flush, one after another for ever. */
    @ParameterizedTest
    @ValueSource(strings = {"deflate", "gzip"})
    void whatHoldsNothingHasAnEnd(String encoding) {
        byte[] head = encoding.equals("gzip")
                ? new byte[] {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, 0}
                : new byte[] {0x78, (byte) 0x9c};
        byte[] block = {0, 0, 0, (byte) 0xff, (byte) 0xff};
        InputStream endless = new SequenceInputStream(new ByteArrayInputStream(head), new InputStream() {
            private int next;

            @Override
            public int read() {
                int octet = block[next] & 0xff;
                next = (next + 1) % block.length;
                return octet;
            }

            @Override
            public int read(byte[] target, int offset, int length) {
                for (int i = offset; i < offset + length; i++) {
                    target[i] = (byte) read();
                }
                return length;
            }
        });

        assertTimeoutPreemptively(
                Duration.ofSeconds(30),
                () -> assertThatThrownBy(
                                () -> UnpackedStream.of(endless, encoding).read(new byte[100]))
                        .isInstanceOf(Envelope.UnreadableAnswer.class)
                        .hasMessageContaining("a packed body of"));
    }

    /** The JDK goes from one gzip to the next by a call of itself. */
    @Test
    void manyGzipsThatHoldNothingFillNoStack() throws IOException {
        ByteArrayOutputStream nothing = new ByteArrayOutputStream();
        new GZIPOutputStream(nothing).close();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.write(packed("gzip"));
        for (int i = 0; i < 200_000; i++) {
            nothing.writeTo(bytes);
        }

        assertThatThrownBy(() -> UnpackedStream.of(new ByteArrayInputStream(bytes.toByteArray()), "gzip")
                        .transferTo(OutputStream.nullOutputStream()))
                .isInstanceOf(Envelope.UnreadableAnswer.class);
    }

    @Test
    void severalGzipsAreOneContent() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        for (int i = 0; i < 1_000; i++) {
            bytes.write(packed("gzip"));
            content.write(CONTENT);
        }

        assertThat(UnpackedStream.of(new ByteArrayInputStream(bytes.toByteArray()), "gzip"))
                .hasBinaryContent(content.toByteArray());
    }

    @Test
    void whatIsFlushedByteByByteIsUnpacked() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(bytes, 512, true)) {
            for (int i = 0; i < 1_000_000; i++) {
                out.write(i);
                out.flush();
            }
        }

        assertThat(UnpackedStream.of(new ByteArrayInputStream(bytes.toByteArray()), "gzip")
                        .transferTo(OutputStream.nullOutputStream()))
                .isEqualTo(1_000_000);
    }

    private static byte[] packed(String encoding) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        String word = encoding.strip().toLowerCase(java.util.Locale.ROOT);
        try (OutputStream out = word.contains("gzip")
                ? new GZIPOutputStream(bytes)
                : word.equals("deflate") ? new DeflaterOutputStream(bytes) : bytes) {
            out.write(CONTENT);
        }
        return bytes.toByteArray();
    }
}

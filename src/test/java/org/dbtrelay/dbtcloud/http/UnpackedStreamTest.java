package org.dbtrelay.dbtcloud.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
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
    void what_was_packed_is_as_before(String encoding) throws IOException {
        assertThat(UnpackedStream.of(new ByteArrayInputStream(packed(encoding)), encoding))
                .hasBinaryContent(CONTENT);
        assertThat(UnpackedStream.isPacked(encoding)).isEqualTo(!encoding.isEmpty() && !encoding.equals("identity"));
    }

    @Test
    void without_a_header_it_is_as_it_is() throws IOException {
        assertThat(UnpackedStream.of(new ByteArrayInputStream(CONTENT), null)).hasBinaryContent(CONTENT);
        assertThat(UnpackedStream.isPacked(null)).isFalse();
    }

    /** Some servers leave zlib's header out. */
    @Test
    void deflate_is_unpacked_without_its_header_too() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new DeflaterOutputStream(bytes, new Deflater(9, true))) {
            out.write(CONTENT);
        }

        assertThat(UnpackedStream.of(new ByteArrayInputStream(bytes.toByteArray()), "deflate"))
                .hasBinaryContent(CONTENT);
    }

    @Test
    void what_was_packed_twice_is_unpacked_twice() throws IOException {
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
    void what_is_not_known_is_named(String encoding, String message) {
        assertThatThrownBy(() -> UnpackedStream.of(InputStream.nullInputStream(), encoding))
                .isInstanceOf(Envelope.UnreadableAnswer.class)
                .hasMessageContaining(message);
        assertThat(UnpackedStream.isPacked(encoding)).isTrue();
    }

    @Test
    void what_is_small_on_the_wire_and_huge_behind_it_is_bounded() throws IOException {
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

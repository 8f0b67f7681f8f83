package org.dbtrelay.dbtcloud.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class BoundedStreamTest {

    @Test
    void nobodyFillsTheMemoryWithAnAnswer() {
        Blanks answer = new Blanks();

        assertThatThrownBy(() -> Envelope.read(answer)).isInstanceOf(BoundedStream.TooLarge.class);
        assertThat(answer.given).isLessThan(BoundedStream.LARGEST_ANSWER + 100_000L);
    }

    @Test
    void anOrdinaryOneIsReadToItsEnd() throws IOException {
        InputStream answer = new ByteArrayInputStream("{\"data\":[1,2]}".getBytes(StandardCharsets.UTF_8));

        assertThat(Envelope.read(answer).data()).hasSize(2);
    }

    /** White space without an end. */
    private static final class Blanks extends InputStream {
        private long given;

        @Override
        public int read() {
            given++;
            return ' ';
        }

        @Override
        public int read(byte[] target, int offset, int length) {
            java.util.Arrays.fill(target, offset, offset + length, (byte) ' ');
            given += length;
            return length;
        }
    }
}

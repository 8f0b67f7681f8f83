package org.dbtrelay.dbtcloud.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.SequenceInputStream;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.dbtrelay.config.Monotonic;
import org.junit.jupiter.api.Test;

class StreamedBodyTest {

    private final AtomicInteger resets = new AtomicInteger();
    private final Time time = new Time();

    @Test
    void aBodyThatDripsIsBrokenOff() throws IOException {
        StreamedBody body = body(bytesEach(Duration.ofSeconds(1)), -1);
        for (int second = 0; second < 100; second++) {
            assertThat(body.read()).isZero();
        }

        assertThatThrownBy(body::read).isInstanceOf(IOException.class).hasMessage("a body of 101 bytes in 101 s");

        assertThat(resets).hasValue(1);
    }

    @Test
    void aLargeBodyMayTakeItsTime() throws IOException {
        // 64 KiB each 5 s are more than 10 KiB each second.
        StreamedBody body = body(bytesEach(Duration.ofSeconds(5)), -1);
        byte[] some = new byte[64 * 1024];
        for (int i = 0; i < 10_000; i++) {
            assertThat(body.read(some)).isEqualTo(some.length);
        }
        assertThat(resets).hasValue(0);
    }

    @Test
    void aReaderMayTakeItsTime() throws IOException {
        StreamedBody body = body(bytesEach(Duration.ZERO), -1);
        for (int i = 0; i < 1000; i++) {
            assertThat(body.read()).isZero();
            time.pass(Duration.ofMinutes(1));
        }
        assertThat(resets).hasValue(0);
    }

    @Test
    void onlyABodyThatHasNotEndedBreaksItsConnection() throws IOException {
        StreamedBody half = body(new ByteArrayInputStream(new byte[10]), 10);
        half.readNBytes(5);
        half.close();
        assertThat(resets).hasValue(1);

        StreamedBody whole = body(new ByteArrayInputStream(new byte[10]), 10);
        whole.readNBytes(10);
        whole.close();
        StreamedBody unknown = body(new ByteArrayInputStream(new byte[10]), -1);
        unknown.readAllBytes();
        unknown.breakOff();
        unknown.close();
        assertThat(resets).hasValue(1);
    }

    /** The REST client's stream takes the mark away. */
    @Test
    void anInterruptionIsNotForgotten() {
        StreamedBody body = body(interrupted(), -1);

        assertThatThrownBy(body::read).isInstanceOf(InterruptedIOException.class);

        assertThat(Thread.interrupted()).as("the thread is still marked").isTrue();
    }

    @Test
    void aBodyWhoseEndCannotBeReadGivesItsConnectionBack() {
        AtomicInteger closed = new AtomicInteger();
        InputStream bytes = new SequenceInputStream(new ByteArrayInputStream(new byte[10]), interrupted()) {
            @Override
            public void close() {
                closed.incrementAndGet();
            }
        };
        StreamedBody body = body(bytes, 10);
        assertThatCode(() -> body.readNBytes(10)).doesNotThrowAnyException();

        assertThatThrownBy(body::close).isInstanceOf(InterruptedIOException.class);

        assertThat(Thread.interrupted()).as("the thread is still marked").isTrue();
        assertThat(resets).hasValue(1);
        assertThat(closed).hasValue(1);
    }

    private static InputStream interrupted() {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                throw new InterruptedIOException();
            }

            @Override
            public int read(byte[] target, int offset, int length) throws IOException {
                return read();
            }
        };
    }

    private StreamedBody body(InputStream bytes, long length) {
        return new StreamedBody(bytes, length, resets::incrementAndGet, time);
    }

    private InputStream bytesEach(Duration each) {
        return new InputStream() {
            @Override
            public int read() {
                time.pass(each);
                return 0;
            }

            @Override
            public int read(byte[] target, int offset, int length) {
                time.pass(each);
                return length;
            }
        };
    }

    private static final class Time extends Monotonic {
        private long nanos;

        void pass(Duration time) {
            nanos += time.toNanos();
        }

        @Override
        public long nanos() {
            return nanos;
        }
    }
}

package org.dbtrelay.dbtcloud.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.time.Duration;
import org.dbtrelay.config.Monotonic;

/**
 * The body of an answer while it comes in. If it is closed before its end, its connection breaks: the REST client would
 * fetch the rest and drop it, which for an artifact that turned out to be too large is the very thing that closing it should prevent.
 * A body that has come whole is only ended: its connection may serve another request already, and breaking it would break
 * that one. A body that drips is broken off, because it holds a request slot.
 */
final class StreamedBody extends InputStream {

    /** The REST client gives up a body that is silent for as long. */
    private static final Duration GRACE = Duration.ofSeconds(100);

    private static final long SLOWEST_BYTES_PER_SECOND = 10 * 1024;

    private final InputStream body;
    private final long length;
    private final Runnable connectionReset;
    private final Monotonic monotonic;
    private long bytes;
    private long waitedNanos;
    private volatile boolean ended;

    /**
     * A body.
     *
     * @param length in bytes; negative if nobody has told it
     * @param connectionReset breaks its connection
     */
    StreamedBody(InputStream body, long length, Runnable connectionReset, Monotonic monotonic) {
        this.body = body;
        this.length = length;
        this.connectionReset = connectionReset;
        this.monotonic = monotonic;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        long before = monotonic.nanos();
        int count = next(target, offset, length);
        waitedNanos += monotonic.nanos() - before;
        ended |= count < 0;
        bytes += Math.max(count, 0);
        if (!ended && waitedNanos > mostNanos()) {
            breakOff();
            throw new IOException("a body of " + bytes + " bytes in "
                    + Duration.ofNanos(waitedNanos).toSeconds() + " s");
        }
        return count;
    }

    /** The REST client takes the mark of an interruption away, and callers would not learn that their thread is to end. */
    private int next(byte[] target, int offset, int length) throws IOException {
        try {
            return body.read(target, offset, length);
        } catch (InterruptedIOException e) {
            Thread.currentThread().interrupt();
            throw e;
        }
    }

    /** Only waits count: a reader that is slow itself, such as an upload, may be. */
    private long mostNanos() {
        return GRACE.plusSeconds(bytes / SLOWEST_BYTES_PER_SECOND).toNanos();
    }

    /** Breaks the connection of a body that has not ended. Any thread may do so; the one that reads gets an {@link IOException}. */
    void breakOff() {
        if (!ended) {
            connectionReset.run();
        }
    }

    @Override
    public void close() throws IOException {
        try {
            if (!ended && bytes == length) {
                // Its end is there, too, so this does not wait.
                ended = read() < 0;
            }
        } finally {
            breakOff();
            ended = true;
            body.close();
        }
    }
}

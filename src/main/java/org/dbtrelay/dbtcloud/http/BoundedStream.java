package org.dbtrelay.dbtcloud.http;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** An answer that is read up to a size and no further, so that nobody can fill the memory with one. */
public final class BoundedStream extends FilterInputStream {

    /** A hundred runs have some 400 KB, their steps' commands included; logs are what makes more. */
    public static final int LARGEST_ANSWER = 16 * 1024 * 1024;

    /** The answer is larger. To ask again would bring the same. */
    static final class TooLarge extends IOException {
        private static final long serialVersionUID = 1L;

        TooLarge(int bound) {
            super("an answer of more than " + bound / (1024 * 1024) + " MiB");
        }
    }

    private final int bound;
    private int left;

    BoundedStream(InputStream answer) {
        this(answer, LARGEST_ANSWER);
    }

    /** {@code bound} in bytes. */
    BoundedStream(InputStream answer, int bound) {
        super(answer);
        this.bound = bound;
        this.left = bound;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        int count = super.read(target, offset, length);
        if (count > left) {
            throw new TooLarge(bound);
        }
        left -= Math.max(0, count);
        return count;
    }

    /** Not counted, so not offered. */
    @Override
    public boolean markSupported() {
        return false;
    }
}

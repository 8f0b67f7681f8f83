package org.dbtrelay.lineage.project;

import java.io.IOException;
import java.io.InputStream;

/**
 * Shortens long texts in JSON while it passes by, so that one of them costs its own end and not the file: a parser would either hold it
 * whole or give the file up.
 */
public final class BoundedTexts extends InputStream {

    /** So many bytes of a text are left; of code and messages even less is told. */
    static final int LONGEST = 256 * 1024;

    /** Where the next byte stands. */
    private enum Place {
        OUTSIDE,
        IN_TEXT,
        BEHIND_BACKSLASH
    }

    private final InputStream in;
    private Place place = Place.OUTSIDE;
    private int length;
    private int digitsLeft;
    private boolean cut;

    /** Closes the stream when it is closed. */
    public BoundedTexts(InputStream json) {
        this.in = json;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] to, int offset, int count) throws IOException {
        if (count == 0) {
            return 0;
        }
        while (true) {
            int came = in.read(to, offset, count);
            if (came < 0) {
                return came;
            }
            int left = offset;
            for (int i = offset; i < offset + came; i++) {
                if (stays(to[i])) {
                    to[left++] = to[i];
                }
            }
            if (left > offset) {
                return left - offset;
            }
        }
    }

    private boolean stays(byte next) {
        switch (place) {
            case OUTSIDE -> {
                if (next == '"') {
                    place = Place.IN_TEXT;
                    length = 0;
                    digitsLeft = 0;
                    cut = false;
                }
                return true;
            }
            case IN_TEXT -> {
                if (next == '"') {
                    place = Place.OUTSIDE;
                    return true;
                }
                if (digitsLeft > 0) {
                    digitsLeft--;
                } else {
                    // Not within a character of several bytes.
                    cut |= length >= LONGEST && (next & 0xc0) != 0x80;
                    place = next == '\\' ? Place.BEHIND_BACKSLASH : place;
                }
            }
            case BEHIND_BACKSLASH -> {
                place = Place.IN_TEXT;
                digitsLeft = next == 'u' ? 4 : 0;
            }
        }
        length += cut ? 0 : 1;
        return !cut;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}

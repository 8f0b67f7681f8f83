package org.dbtrelay.dbtcloud.redaction;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;

/**
 * A stream of JSON in which every long string is cut to its end, so that an answer with megabytes of log is read in little
 * memory. It follows just enough of the syntax to know where a string begins and ends, and cuts only between characters and
 * escapes; what is no JSON comes through as no JSON. Lines with certain words can be kept in front of the end, whole and up to a
 * bound: a log of hours names a failed node far from its end.
 */
public final class LongStringCut extends InputStream {

    /** The length to which a step's log is cut in the end. */
    static final int LOG_TAIL_BYTES = 4096;

    /** A cut string keeps between one and two of these. An escape takes six bytes for one of the log. */
    private static final int SEGMENT = 6 * LOG_TAIL_BYTES;

    /** A string of fewer characters is whole. */
    static final int SHORTEST_CUT = SEGMENT / 6;

    private static final int LONGEST_CHARACTER = 6;
    private static final int CHUNK = 8192;
    private static final byte[] NONE = new byte[0];

    private final InputStream source;
    private final byte[] chunk = new byte[CHUNK];
    private int chunkNext;
    private int chunkEnd;

    private byte[] ready = new byte[CHUNK];
    private int readyNext;
    private int readyEnd;

    private boolean inString;
    private byte[] segment = NONE;
    private int segmentEnd;
    private byte[] previous = NONE;
    private int previousEnd;
    private boolean isCut;
    private final LineSieve lines;

    /** Cuts the long strings of this JSON. */
    public LongStringCut(InputStream json) {
        this(json, Set.of());
    }

    /**
     * Cuts the long strings of this JSON, and keeps lines of them.
     *
     * @param words a line that has one of them is kept in front of the end of its string; ASCII, as they stand in JSON
     */
    public LongStringCut(InputStream json, Set<String> words) {
        this.source = json;
        this.lines = new LineSieve(words);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (readyNext == readyEnd && !refill()) {
            return -1;
        }
        int count = Math.min(length, readyEnd - readyNext);
        System.arraycopy(ready, readyNext, target, offset, count);
        readyNext += count;
        return count;
    }

    @Override
    public void close() throws IOException {
        source.close();
    }

    /** Makes the next piece ready, up to the end of a string or of what has arrived; false at the end of the stream. */
    private boolean refill() throws IOException {
        readyNext = 0;
        readyEnd = 0;
        while (peek() >= 0) {
            int octet = next();
            ready[readyEnd++] = (byte) octet;
            if (octet == '"') {
                inString = !inString;
            }
            if (inString) {
                copyString();
                return true;
            }
            if (chunkNext == chunkEnd || readyEnd == CHUNK) {
                return true;
            }
        }
        return readyEnd > 0;
    }

    /** Puts out the end of a string, without the quote that closes it. */
    private void copyString() throws IOException {
        segmentEnd = 0;
        previousEnd = 0;
        isCut = false;
        lines.begin();
        int octet = peek();
        while (octet >= 0 && octet != '"') {
            boolean full = segmentEnd >= SEGMENT && startsCharacter(octet);
            if (full || segmentEnd >= SEGMENT + LONGEST_CHARACTER) {
                isCut |= previousEnd > 0;
                byte[] oldest = previous;
                previous = segment;
                previousEnd = segmentEnd;
                segment = oldest;
                segmentEnd = 0;
            }
            keep(next());
            if (octet == '\\') {
                copyEscape();
            }
            octet = peek();
        }
        int from = isCut && lines.length() > 0 ? afterFirstLine() : 0;
        if (from > 0) {
            // What is left of the line that was cut is no line, and would follow a whole one.
            append(lines.bytes(), lines.length());
        }
        append(previous, from, previousEnd);
        append(segment, 0, segmentEnd);
    }

    /** Where the second line of the kept end begins; 0 if there is none. */
    private int afterFirstLine() {
        for (int i = 0; i < previousEnd - 1; i++) {
            if (previous[i] == '\\') {
                if (previous[i + 1] == 'n') {
                    return i + 2;
                }
                i++;
            }
        }
        return 0;
    }

    private void copyEscape() throws IOException {
        boolean endsLine = peek() == 'n';
        int left = peek() == 'u' ? 5 : 1;
        while (left-- > 0 && peek() >= 0) {
            keep(next());
        }
        if (endsLine) {
            lines.endLine();
        }
    }

    /** Few strings are long, so the room for one grows with it. */
    private void keep(int octet) {
        if (segmentEnd == segment.length) {
            segment = Arrays.copyOf(segment, Math.max(256, 2 * segmentEnd));
        }
        segment[segmentEnd++] = (byte) octet;
        lines.add(octet);
    }

    private void append(byte[] bytes, int count) {
        append(bytes, 0, count);
    }

    private void append(byte[] bytes, int from, int end) {
        int count = end - from;
        if (readyEnd + count > ready.length) {
            ready = Arrays.copyOf(ready, readyEnd + count);
        }
        System.arraycopy(bytes, from, ready, readyEnd, count);
        readyEnd += count;
    }

    /** The next byte, left where it is; negative at the end. */
    private int peek() throws IOException {
        if (chunkNext == chunkEnd) {
            chunkNext = 0;
            chunkEnd = Math.max(0, source.read(chunk, 0, chunk.length));
        }
        return chunkEnd == 0 ? -1 : chunk[chunkNext] & 0xff;
    }

    private int next() throws IOException {
        int octet = peek();
        chunkNext++;
        return octet;
    }

    private static boolean startsCharacter(int octet) {
        return (octet & 0xc0) != 0x80;
    }

    /** The end of a log, at most {@link #LOG_TAIL_BYTES} of UTF-8, from the beginning of a line where there is one. */
    static String lastLines(String log) {
        byte[] bytes = log.getBytes(StandardCharsets.UTF_8);
        if (bytes.length <= LOG_TAIL_BYTES) {
            return log;
        }
        int from = bytes.length - LOG_TAIL_BYTES;
        while (from < bytes.length && !startsCharacter(bytes[from])) {
            from++;
        }
        String tail = new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8);
        int lineEnd = tail.indexOf('\n');
        return lineEnd < 0 || lineEnd == tail.length() - 1 ? tail : tail.substring(lineEnd + 1);
    }
}

package org.dbtrelay.dbtcloud.http;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The content of a body that came packed. The relay does not ask for it, but proxies and servers have ideas of their own, and
 * neither Vert.x' client nor Quarkus' unpacks what it did not ask for. Nothing is read before the first byte is wanted.
 */
final class UnpackedStream extends InputStream {

    private static final int BUFFER = 16 * 1024;
    private static final int MOST_LAYERS = 3;

    /** A server that flushes each byte needs some seven for it. */
    private static final int MOST_PACKED_FOR_EACH = 16;

    private static final int MOST_PACKED_FOR_NOTHING = 1024 * 1024;

    /** At a stretch. The JDK goes over a gzip without content by a call of itself, and one has twenty bytes. */
    private static final int LONGEST_NOTHING = 48 * 1024;

    private final InputStream packed;
    private final String encoding;
    private @Nullable InputStream content;
    private long unpacked;

    private UnpackedStream(InputStream packed, String encoding) {
        this.packed = new Packed(packed);
        this.encoding = encoding;
    }

    /** Packed bytes. Blocks that hold nothing could follow one another without end, and no bound on the content would be met. */
    private final class Packed extends FilterInputStream {
        private long bytes;
        private long bytesForLast;
        private long last;

        Packed(InputStream packed) {
            super(packed);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int from, int length) throws IOException {
            int count = super.read(target, from, length);
            if (unpacked > last) {
                last = unpacked;
                bytesForLast = bytes;
            }
            bytes += Math.max(0, count);
            if (bytes > MOST_PACKED_FOR_NOTHING + MOST_PACKED_FOR_EACH * unpacked
                    || bytes - bytesForLast > LONGEST_NOTHING) {
                throw new Envelope.UnreadableAnswer("a packed body of " + bytes + " bytes for " + unpacked);
            }
            return count;
        }
    }

    /**
     * The content of a body.
     *
     * @param contentEncoding the header of this name; null: there is none
     * @throws Envelope.UnreadableAnswer if it names an encoding that is not known
     */
    static InputStream of(InputStream body, @Nullable String contentEncoding) throws Envelope.UnreadableAnswer {
        InputStream content = body;
        for (String encoding : encodings(contentEncoding).reversed()) {
            content = new UnpackedStream(content, encoding);
        }
        return content;
    }

    /** Whether a body with this header is packed. */
    static boolean isPacked(@Nullable String contentEncoding) {
        try {
            return !encodings(contentEncoding).isEmpty();
        } catch (Envelope.UnreadableAnswer e) {
            return true;
        }
    }

    /** In the order in which they were applied. */
    private static List<String> encodings(@Nullable String contentEncoding) throws Envelope.UnreadableAnswer {
        List<String> encodings = new ArrayList<>();
        if (contentEncoding == null) {
            return encodings;
        }
        for (String part : contentEncoding.split(",", -1)) {
            String encoding = part.strip().toLowerCase(Locale.ROOT);
            switch (encoding) {
                case "", "identity" -> {}
                case "gzip", "x-gzip", "deflate" -> encodings.add(encoding);
                default ->
                    throw new Envelope.UnreadableAnswer(
                            "a body in the Content-Encoding '" + (encoding.length() > 20 ? "…" : encoding)
                                    + "', which the relay has not asked for and cannot unpack; see who stands between it and"
                                    + " dbt Cloud");
            }
        }
        if (encodings.size() > MOST_LAYERS) {
            throw new Envelope.UnreadableAnswer("a body that is packed " + encodings.size() + " times");
        }
        return encodings;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int from, int length) throws IOException {
        int count = content().read(target, from, length);
        unpacked += Math.max(0, count);
        return count;
    }

    private InputStream content() throws IOException {
        InputStream opened = content;
        if (opened == null) {
            opened = encoding.equals("deflate") ? inflated(packed) : new GZIPInputStream(packed, BUFFER);
            content = opened;
        }
        return opened;
    }

    /** HTTP means zlib's format by deflate (RFC 9110, 8.4.1.2), and notes that some send it without its header. */
    private static InputStream inflated(InputStream packed) throws IOException {
        PushbackInputStream body = new PushbackInputStream(packed, 2);
        byte[] first = body.readNBytes(2);
        body.unread(first);
        boolean header =
                first.length == 2 && (first[0] & 0x0f) == 8 && ((first[0] & 0xff) << 8 | (first[1] & 0xff)) % 31 == 0;
        Inflater inflater = new Inflater(!header);
        return new InflaterInputStream(body, inflater, BUFFER) {
            @Override
            public void close() throws IOException {
                super.close();
                inflater.end();
            }
        };
    }

    @Override
    public void close() throws IOException {
        // The unpacking stream has memory of its own outside the heap; it closes the packed one, too.
        (content == null ? packed : content).close();
    }
}

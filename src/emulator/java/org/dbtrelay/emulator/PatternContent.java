package org.dbtrelay.emulator;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/** A JSON object of any size, with a dbt {@code metadata} block and then padding; computed from the offset. */
public final class PatternContent implements Content {
    private static final byte[] TAIL = "\"}\n".getBytes(StandardCharsets.UTF_8);

    /** The alphabet over and over: copied in pieces, since byte by byte is too slow for hundreds of megabytes. */
    private static final byte[] PADDING =
            "abcdefghijklmnopqrstuvwxyz".repeat(2600).getBytes(StandardCharsets.UTF_8);

    private final byte[] head;
    private final long size;

    private PatternContent(byte[] head, long size) {
        this.head = head;
        this.size = size;
    }

    /** The content of an artifact with that path, {@code size} bytes long (at least 256). */
    public static PatternContent named(String path, long size) {
        String kind = path.replaceFirst(".*/", "").replace(".json", "").replace('_', '-');
        String head = """
                {"metadata":{"dbt_schema_version":"https://schemas.getdbt.com/dbt/%s/v1.json",\
                "dbt_version":"2026.11.1","generated_at":"2026-11-01T00:00:00.000000Z"},"padding":"
                """.formatted(kind).strip();
        if (size < 256) {
            throw new IllegalArgumentException("A pattern needs at least 256 bytes, not " + size);
        }
        return new PatternContent(head.getBytes(StandardCharsets.UTF_8), size);
    }

    @Override
    public long size() {
        return size;
    }

    /** Fills {@code buffer} from {@code offset} on and gives the number of bytes, 0 at the end. */
    public int fill(byte[] buffer, long offset) {
        int length = (int) Math.min(buffer.length, size - offset);
        long paddingEnd = size - TAIL.length;
        int i = 0;
        while (i < length) {
            long at = offset + i;
            if (at >= head.length && at < paddingEnd) {
                int from = (int) (at % 26);
                int run = (int) Math.min(Math.min(length - i, PADDING.length - from), paddingEnd - at);
                System.arraycopy(PADDING, from, buffer, i, run);
                i += run;
            } else {
                buffer[i++] = byteAt(at);
            }
        }
        return Math.max(length, 0);
    }

    private byte byteAt(long offset) {
        if (offset < head.length) {
            return head[(int) offset];
        }
        long fromEnd = size - offset;
        if (fromEnd <= TAIL.length) {
            return TAIL[TAIL.length - (int) fromEnd];
        }
        return (byte) ('a' + offset % 26);
    }

    /** The content as a stream, for a comparison in a test. */
    public InputStream open() {
        return new InputStream() {
            private long offset;

            @Override
            public int read() {
                return offset < size ? byteAt(offset++) : -1;
            }

            @Override
            public int read(byte[] target, int from, int length) {
                if (offset >= size) {
                    return -1;
                }
                byte[] part = new byte[length];
                int filled = fill(part, offset);
                System.arraycopy(part, 0, target, from, filled);
                offset += filled;
                return filled;
            }
        };
    }

    /** The SHA-256 of the content in lower-case hex. */
    public String sha256() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[65_536];
            int filled;
            for (long offset = 0; (filled = fill(buffer, offset)) > 0; offset += filled) {
                digest.update(filled == buffer.length ? buffer : Arrays.copyOf(buffer, filled));
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JDK has SHA-256", e);
        }
    }
}

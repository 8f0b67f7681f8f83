package org.dbtrelay.command;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Recognises common encodings by the first bytes of a value that is no JSON in UTF-8. */
final class Encodings {

    private static final int WIRE_FORMAT = 5;

    private Encodings() {}

    /** The encoding and the remedy, to be read behind the name of the carrier; null: none is recognised. */
    static @Nullable String foreign(byte[] value) {
        if (begins(value, 0xEF, 0xBB, 0xBF)) {
            return "begins with a byte order mark; write UTF-8 without one";
        }
        if (isUtf32(value)) {
            return "is UTF-32; write UTF-8";
        }
        if (isUtf16(value)) {
            return "is UTF-16; write UTF-8";
        }
        if (begins(value, 0) && value.length >= WIRE_FORMAT) {
            return "begins with a zero byte and the schema id "
                    + ByteBuffer.wrap(value).getInt(1)
                    + ", as Confluent's serializers write it for a schema registry; send the JSON alone, as a string or as"
                    + " bytes";
        }
        if (begins(value, 0x1F, 0x8B)) {
            return "is compressed with gzip; send the JSON itself, Kafka's compression.type makes it small";
        }
        return begins(value, 0xAC, 0xED) ? "is a serialized Java object; send JSON" : null;
    }

    private static boolean isUtf32(byte[] value) {
        return begins(value, 0xFF, 0xFE, 0, 0)
                || begins(value, 0, 0, 0xFE, 0xFF)
                || zeros(value, 8).equals(".000.000")
                || zeros(value, 8).equals("000.000.");
    }

    private static boolean isUtf16(byte[] value) {
        return begins(value, 0xFE, 0xFF)
                || begins(value, 0xFF, 0xFE)
                || zeros(value, 4).equals(".0.0")
                || zeros(value, 4).equals("0.0.");
    }

    private static boolean begins(byte[] value, int... first) {
        if (value.length < first.length) {
            return false;
        }
        for (int i = 0; i < first.length; i++) {
            if (value[i] != (byte) first[i]) {
                return false;
            }
        }
        return true;
    }

    /** The pattern of zeros in the first bytes: each character of ASCII has one byte that is not zero. */
    private static String zeros(byte[] value, int count) {
        StringBuilder zeros = new StringBuilder();
        for (int i = 0; i < Math.min(count, value.length); i++) {
            zeros.append(value[i] == 0 ? '0' : '.');
        }
        return zeros.toString();
    }
}

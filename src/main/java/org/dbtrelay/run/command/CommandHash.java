package org.dbtrelay.run.command;

import java.util.HexFormat;

/** 128 bits over the content of a command: the same id with another content is noticed by it. */
public record CommandHash(long high, long low) {

    private static final HexFormat HEX = HexFormat.of();
    private static final int DIGITS = 16;

    /**
     * The hash that is written so.
     *
     * @param hex 32 hexadecimal digits
     * @throws IllegalArgumentException if it is anything else
     */
    public static CommandHash of(String hex) {
        if (hex.length() != 2 * DIGITS) {
            throw new IllegalArgumentException("not 32 hexadecimal digits: " + hex);
        }
        return new CommandHash(
                HexFormat.fromHexDigitsToLong(hex, 0, DIGITS), HexFormat.fromHexDigitsToLong(hex, DIGITS, 2 * DIGITS));
    }

    /** 32 hexadecimal digits, lower case. */
    @Override
    public String toString() {
        return HEX.toHexDigits(high) + HEX.toHexDigits(low);
    }
}

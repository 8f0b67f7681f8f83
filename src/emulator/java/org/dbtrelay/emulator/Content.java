package org.dbtrelay.emulator;

/** The body of an answer: bytes in memory, or a pattern made while it is sent. */
public sealed interface Content permits Content.Bytes, PatternContent {

    /** The length in bytes. */
    long size();

    /** Bytes in memory; not copied, so the maker must not change them. */
    @SuppressWarnings("ArrayRecordComponent")
    record Bytes(byte[] bytes) implements Content {
        @Override
        public long size() {
            return bytes.length;
        }
    }
}

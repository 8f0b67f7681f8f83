package org.dbtrelay.dbtcloud.redaction;

/** A part of a text; {@code end} is the first character after it. */
record Span(int begin, int end) {
    int length() {
        return end - begin;
    }
}

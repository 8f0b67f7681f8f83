package org.dbtrelay.ledger.kafka;

/**
 * A range of offsets of the commands topic. Transactions take up some offsets themselves, so the range holds at most as many commands.
 *
 * @param from the first offset
 * @param to the offset behind the last one; equal to {@code from}: the range is empty
 */
public record Offsets(long from, long to) {

    /** How many offsets the range has. */
    public long count() {
        return to - from;
    }

    @Override
    public String toString() {
        return from + " to " + (to - 1);
    }
}

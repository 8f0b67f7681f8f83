package org.dbtrelay.ledger;

/**
 * How far a partition of the commands topic has been taken. It is written in the same transaction as what followed from the
 * records, so each record counts once, also those that leave no entry.
 *
 * @param topicId Kafka's id of the commands topic: a topic that was deleted and made again has another, and begins anew
 * @param offset the highest offset taken; -1 if none
 */
public record Position(String topicId, long offset) {

    /** Whether a record at the given offset was taken before. */
    public boolean covers(long recordOffset) {
        return recordOffset <= offset;
    }

    /** This position, moved on. */
    public Position movedTo(long recordOffset) {
        return new Position(topicId, Math.max(offset, recordOffset));
    }
}

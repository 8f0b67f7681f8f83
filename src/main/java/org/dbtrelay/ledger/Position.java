package org.dbtrelay.ledger;

import org.jspecify.annotations.Nullable;

/**
 * How far a partition of the commands topic has been taken. It is written in the same transaction as what followed from the
 * records, so each record counts once, also those that leave no entry.
 *
 * @param topicId Kafka's id of the commands topic: a topic that was deleted and made again has another, and begins anew
 * @param offset the highest offset taken; -1 if none
 * @param deployment the name of the deployment that has taken it, which stands in the markers of its runs; null: written by a
 *     build that did not keep it
 */
public record Position(
        String topicId, long offset, @Nullable String deployment) {

    /** Whether a record at the given offset was taken before. */
    public boolean covers(long recordOffset) {
        return recordOffset <= offset;
    }

    /** This position, under another name. */
    Position of(String name) {
        return new Position(topicId, offset, name);
    }

    /** This position, moved on. */
    public Position movedTo(long recordOffset) {
        return new Position(topicId, Math.max(offset, recordOffset), deployment);
    }
}

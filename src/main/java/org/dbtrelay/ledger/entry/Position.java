package org.dbtrelay.ledger.entry;

import org.jspecify.annotations.Nullable;

/**
 * The offset up to which a partition of the commands topic is taken. The relay writes it in the same transaction as the consequences of
 * the records, so each record counts once, also one that leaves no entry.
 *
 * @param topicId Kafka's id of the commands topic: a topic that was deleted and made again has another, and begins anew
 * @param offset the highest offset taken; -1 if none
 * @param deployment the name of the deployment that has taken it, which stands in the markers of its runs; null: written by a
 *     build that did not keep it
 * @param cluster Kafka's id of the cluster in which the ledger began, which is in the markers of its runs, too; a ledger that moves
 *     to another cluster takes it along, so that runs in doubt are found there; null: written by a build that did not keep it
 * @param base the number of places in the deleted topics of this name, which come before the first one of this topic; null: none
 */
public record Position(
        String topicId,
        long offset,
        @Nullable String deployment,
        @Nullable String cluster,
        @Nullable Long base) {

    /** The position before the first record of the first topic. */
    public static Position beforeAll(String topicId) {
        return new Position(topicId, -1, null, null, null);
    }

    /**
     * The beginning of a topic that was made in place of another one.
     *
     * @param places that commands have had before: those of the new topic come behind
     */
    public Position anew(String newTopicId, long places) {
        return new Position(newTopicId, -1, deployment, cluster, places);
    }

    /**
     * The place of a record among all that came to this partition: its offset, unless the topic was made anew.
     */
    public long place(long recordOffset) {
        return base == null ? recordOffset : base + recordOffset;
    }

    /** Whether a record at the given offset was taken before. */
    public boolean covers(long recordOffset) {
        return recordOffset <= offset;
    }

    /** This position, under another name. */
    public Position of(String name) {
        return new Position(topicId, offset, name, cluster, base);
    }

    /** This position, of a ledger that began in a cluster. */
    public Position inCluster(String clusterId) {
        return new Position(topicId, offset, deployment, clusterId, base);
    }

    /** This position, moved on. */
    public Position movedTo(long recordOffset) {
        return new Position(topicId, Math.max(offset, recordOffset), deployment, cluster, base);
    }
}

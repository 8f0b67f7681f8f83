package org.dbtrelay.flow;

import java.time.Instant;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.dbtrelay.ledger.intake.SourceRecord;
import org.dbtrelay.ledger.placement.PassedOn;
import org.dbtrelay.ledger.placement.Placement;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.event.DeadLetter;
import org.dbtrelay.run.event.DeadLetterReason;
import org.jspecify.annotations.Nullable;

/**
 * Whether a record of the commands topic lies where it belongs. A key belongs to one partition, whoever has sent it; a record
 * without a key belongs where the HTTP API would have put its command. {@code docs/guarantees.md} says why this ends after one
 * hop, and why nothing depends on headers that clients copy.
 */
final class RecordRouting {

    private final int partition;
    private final Placement placement;
    private final Destinations destinations;
    private final PartitionState books;

    RecordRouting(int partition, Placement placement, Destinations destinations, PartitionState books) {
        this.partition = partition;
        this.placement = placement;
        this.destinations = destinations;
        this.books = books;
    }

    /** What is to be done with a record. */
    sealed interface Place {

        /**
         * It is taken here.
         *
         * @param input what it says, as sent
         * @param origin the record as its producer had sent it
         * @param cameOn whether it was passed on to here
         */
        record Here(Input input, SourceRecord origin, boolean cameOn) implements Place {}

        /**
         * It belongs to another partition.
         *
         * @param origin the record as its producer had sent it
         * @param before where it was passed on from before; null: it was not
         */
        record Elsewhere(SourceRecord origin, @Nullable PassedOn before, int to) implements Place {

            /** The verdict if it cannot be passed on: then it is not run either. */
            DeadLetter verdict(String whyNot) {
                return new DeadLetter(
                        DeadLetterReason.MISPLACED,
                        "the record belongs on partition " + to
                                + ", by Kafka's own hash (murmur2) of its key, or of its job's"
                                + " id without one, and the relay cannot pass it on to there: " + whyNot
                                + ". Set the client's partitioner (librdkafka: partitioner=murmur2_random) and give each"
                                + " record a key, or let the relay's user Write the commands topic; then send it again");
            }
        }
    }

    /** Where a record is to be taken. */
    Place of(SourceRecord origin, Input.RecordInput input) {
        @Nullable PassedOn header = placement.passedOn(origin.record());
        return switch (input) {
            // Nothing of it would be remembered, so any partition can put it aside.
            case Input.NotACommand unreadable -> here(origin, unreadable, header);
            case Input.CommandReceived commanded -> {
                byte @Nullable [] key = Placement.key(origin.record());
                yield key == null ? ofUnkeyed(origin, commanded, header) : ofKeyed(origin, commanded, key, header);
            }
        };
    }

    private Place ofUnkeyed(SourceRecord origin, Input.CommandReceived commanded, @Nullable PassedOn header) {
        return switch (commanded.command()) {
            case Command.Unfit unfit -> here(origin, commanded, header);
            case Command.Fit fit ->
                switch (destinations.of(fit, null)) {
                    case Destination.Keyed(String job) -> ofKeyed(origin, commanded, Placement.key(job), header);
                    case Destination.Beside(int beside, String target) ->
                        beside == partition || header != null || books.find(target) != null
                                ? here(origin, commanded, header)
                                : new Place.Elsewhere(origin, null, beside);
                    case Destination.Unknown unknown -> here(origin, commanded, header);
                };
        };
    }

    /**
     * By the largest number of partitions that anybody knows of, for a topic only grows. So each time that a record is passed
     * on, the number in its header is larger than the last time.
     */
    private Place ofKeyed(SourceRecord origin, Input.CommandReceived commanded, byte[] key, @Nullable PassedOn header) {
        int partitions = placement.partitions();
        // One that was copied to a record with another key may lie where the header says by chance.
        @Nullable
        PassedOn fitting = header != null && Placement.of(key, header.partitions()) == partition ? header : null;
        int most = fitting == null ? partitions : Math.max(partitions, fitting.partitions());
        int home = most == 0 ? partition : Placement.of(key, most);
        return home == partition
                ? here(origin, commanded, fitting)
                : new Place.Elsewhere(asSent(origin, fitting), fitting, home);
    }

    private Place here(SourceRecord origin, Input.RecordInput input, @Nullable PassedOn header) {
        if (header == null) {
            return new Place.Here(input, origin, false);
        }
        SourceRecord sent = asSent(origin, header);
        if (!(input instanceof Input.CommandReceived commanded)) {
            return new Place.Here(input, sent, true);
        }
        String id = commanded.command().id();
        Instant time = Instant.ofEpochMilli(header.timestamp());
        if (!id.equals(idOfPlace(origin.record()))) {
            return new Place.Here(commanded.sent(id, time), sent, true);
        }
        // It is passed on once. So who comes second with the same origin is another record, with a header that was
        // copied.
        String sentAs = idOfPlace(sent.record());
        return books.find(sentAs) == null
                ? new Place.Here(commanded.sent(sentAs, time), sent, true)
                : new Place.Here(commanded, origin, false);
    }

    private SourceRecord asSent(SourceRecord origin, @Nullable PassedOn header) {
        return header == null
                ? origin
                : new SourceRecord(placement.asSent(origin.record(), header), origin.acknowledge());
    }

    private static String idOfPlace(ConsumerRecord<byte[], byte[]> record) {
        return Command.idOfPlace(record.topic(), record.partition(), record.offset(), record.timestamp());
    }
}

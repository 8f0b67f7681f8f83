package org.dbtrelay.ledger;

import java.util.List;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.ledger.entry.Position;
import org.dbtrelay.ledger.placement.Placement;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.state.RunEntry;

/** A partition that this instance owns, from now until an append fails or the owner stops. */
public final class Claim {

    private final int partition;
    private final RestoredPartition restored;
    private final PartitionLedger ledger;
    private final Placement placement;
    private final Refusals refusals;
    private final Consumer<Input> inbox;

    Claim(
            int partition,
            RestoredPartition restored,
            PartitionLedger ledger,
            Placement placement,
            Refusals refusals,
            Consumer<Input> inbox) {
        this.partition = partition;
        this.restored = restored;
        this.ledger = ledger;
        this.placement = placement;
        this.refusals = refusals;
        this.inbox = inbox;
    }

    /** The number of the partition. */
    public int partition() {
        return partition;
    }

    /** What the ledger says. */
    public RestoredPartition restored() {
        return restored;
    }

    /** Where answers go: never blocks, from any thread, also after the claim has ended. */
    public Consumer<Input> inbox() {
        return inbox;
    }

    /** Where the records of the commands topic belong. */
    public Placement placement() {
        return placement;
    }

    /** What the brokers have refused to take of the partition, in this claim or an earlier one. */
    public Refusals refusals() {
        return refusals;
    }

    /** The ledger record of a command's new state. */
    public ProducerRecord<byte[], byte[]> record(RunEntry entry) {
        return ledger.entry(entry);
    }

    /** The ledger record that deletes a command's entry. */
    public ProducerRecord<byte[], byte[]> tombstone(String commandId) {
        return ledger.tombstone(commandId);
    }

    /** The ledger record of how far the commands topic has been taken. */
    public ProducerRecord<byte[], byte[]> record(Position position) {
        return ledger.position(position);
    }

    /**
     * Commits a step as one transaction.
     *
     * @param records of the ledger, and ready ones of events and dead letters
     * @throws LedgerException the claim is over, whatever it was
     */
    public void append(List<ProducerRecord<byte[], byte[]>> records) throws LedgerException {
        ledger.append(records);
    }
}

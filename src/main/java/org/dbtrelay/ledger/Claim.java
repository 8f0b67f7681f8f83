package org.dbtrelay.ledger;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.dbtrelay.run.Input;
import org.dbtrelay.run.RunEntry;
import org.jspecify.annotations.Nullable;

/** A partition that this instance owns, from now until an append fails or the owner stops. */
public final class Claim {

    private final int partition;
    private final Restored restored;
    private final PartitionLedger ledger;
    private final Consumer<Input> inbox;

    Claim(int partition, Restored restored, PartitionLedger ledger, Consumer<Input> inbox) {
        this.partition = partition;
        this.restored = restored;
        this.ledger = ledger;
        this.inbox = inbox;
    }

    /** The number of the partition. */
    public int partition() {
        return partition;
    }

    /** What the ledger says. */
    public Restored restored() {
        return restored;
    }

    /** Where answers go: never blocks, from any thread, also after the claim has ended. */
    public Consumer<Input> inbox() {
        return inbox;
    }

    /**
     * Commits a step as one transaction.
     *
     * @param entries new states of commands
     * @param forgotten ids of commands whose entries are deleted
     * @param position how far the commands topic has now been taken; null: as before
     * @param told ready records of events and dead letters
     * @return how many records it took
     * @throws LedgerException the claim is over, whatever it was
     */
    public int append(
            Collection<RunEntry> entries,
            Collection<String> forgotten,
            @Nullable Position position,
            Collection<ProducerRecord<byte[], byte[]>> told)
            throws LedgerException {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (RunEntry entry : entries) {
            records.add(ledger.entry(entry));
        }
        for (String commandId : forgotten) {
            records.add(ledger.tombstone(commandId));
        }
        if (position != null) {
            records.add(ledger.position(position));
        }
        records.addAll(told);
        ledger.append(records);
        return records.size();
    }
}

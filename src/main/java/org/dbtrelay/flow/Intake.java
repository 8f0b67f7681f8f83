package org.dbtrelay.flow;

import jakarta.inject.Singleton;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.dbtrelay.ledger.Owners;
import org.dbtrelay.ledger.intake.MailboxItem;
import org.dbtrelay.ledger.intake.SourceRecord;
import org.dbtrelay.run.decide.Input;

/** Where records come in. */
@Singleton
public class Intake {

    private final Owners owners;

    Intake(Owners owners) {
        this.owners = owners;
    }

    /**
     * Hands what a record says to the owner of its partition and returns at once.
     *
     * @param acknowledge called after the commit, from any thread
     */
    public void offer(ConsumerRecord<byte[], byte[]> record, Input input, Runnable acknowledge) {
        owners.offer(record.partition(), new MailboxItem(input, new SourceRecord(record, acknowledge)));
    }

    /** Hands what concerns a command to the owner of its partition, if this instance still owns it. */
    public void offer(int partition, Input.CommandInput input) {
        owners.offer(partition, MailboxItem.of(input));
    }

    /** Hands something to the owners of all partitions that this instance owns. */
    public void offerToAll(Input input) {
        owners.offerToAll(MailboxItem.of(input));
    }

    /** Whether this instance owns any partition. */
    public boolean ownsPartitions() {
        return !owners.status().isEmpty();
    }

    /** A second has passed. */
    public void tick() {
        owners.tick();
    }
}

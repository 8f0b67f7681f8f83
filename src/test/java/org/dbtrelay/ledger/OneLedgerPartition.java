package org.dbtrelay.ledger;

import java.util.List;
import java.util.function.IntSupplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * A ledger of one partition that is only read.
 *
 * @param records all that it has, by now
 * @param hidden so many records are behind what a reader of committed ones sees
 */
public record OneLedgerPartition(List<ProducerRecord<byte[], byte[]>> records, IntSupplier hidden)
        implements SimLedger.Clients {

    /** The partition. */
    public static final TopicPartition LEDGER = new TopicPartition("dbt.relay.ledger", 0);

    @Override
    public Producer<byte[], byte[]> producer(int partition) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Consumer<byte[], byte[]> reader(int partition) {
        return SimLedger.reader(LEDGER, records);
    }

    @Override
    public long[] endAndCommitted(int partition) {
        return new long[] {0, 0};
    }

    @Override
    public long ledgerEnd(int partition) {
        return (long) records.size() + hidden.getAsInt();
    }

    @Override
    public String topicId() {
        return "commands-topic";
    }

    @Override
    public int partitions() {
        return 1;
    }
}

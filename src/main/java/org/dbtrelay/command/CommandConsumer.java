package org.dbtrelay.command;

import io.smallrye.reactive.messaging.kafka.api.IncomingKafkaRecordMetadata;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.dbtrelay.ledger.Owners;
import org.dbtrelay.metrics.RelayTraces;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.decide.Input;
import org.eclipse.microprofile.reactive.messaging.Acknowledgment;
import org.eclipse.microprofile.reactive.messaging.Incoming;
import org.eclipse.microprofile.reactive.messaging.Message;

/**
 * Receives the records of the commands channel, decodes them and hands them to the owners of their partitions. It never waits and never
 * throws, because either would hold up or end the channel for all partitions. The owner acknowledges after the commit.
 */
@ApplicationScoped
public class CommandConsumer {

    private final CommandDecoder decoder;
    private final Owners owners;
    private final RelayTraces traces;

    CommandConsumer(CommandDecoder decoder, Owners owners, RelayTraces traces) {
        this.decoder = decoder;
        this.owners = owners;
        this.traces = traces;
    }

    /** One record of the commands topic. */
    @Incoming("commands")
    @Acknowledgment(Acknowledgment.Strategy.MANUAL)
    public CompletionStage<Void> consume(Message<byte[]> message) {
        @SuppressWarnings("unchecked")
        ConsumerRecord<byte[], byte[]> record = message.getMetadata(IncomingKafkaRecordMetadata.class)
                .orElseThrow(() -> new IllegalStateException("the commands channel is not a Kafka channel"))
                .getRecord();
        switch (decoder.decode(record)) {
            case Input.CommandReceived commanded -> offer(record, commanded, message);
            case Input.RecordInput unreadable -> owners.offer(record, unreadable, () -> acknowledge(message));
        }
        return CompletableFuture.completedFuture(null);
    }

    private void offer(
            ConsumerRecord<byte[], byte[]> record, Input.CommandReceived commanded, Message<byte[]> message) {
        Command command = commanded.command();
        RelayTraces.Part part = traces.received(
                command.head().trace(), command.id(), record.topic(), record.partition(), record.offset());
        owners.offer(record, commanded.in(part.trace()), () -> {
            part.close();
            acknowledge(message);
        });
    }

    private static void acknowledge(Message<byte[]> message) {
        var _ = message.ack();
    }
}

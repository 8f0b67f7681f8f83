package org.dbtrelay.command;

import io.smallrye.reactive.messaging.kafka.api.IncomingKafkaRecordMetadata;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.dbtrelay.flow.Intake;
import org.eclipse.microprofile.reactive.messaging.Acknowledgment;
import org.eclipse.microprofile.reactive.messaging.Incoming;
import org.eclipse.microprofile.reactive.messaging.Message;

/**
 * Commands in. It reads the record and hands it to the owner of its partition; it never waits and never throws, because
 * either would hold up or end the channel for all partitions. The owner acknowledges, after the commit.
 */
@ApplicationScoped
public class CommandConsumer {

    private final CommandDecoder decoder;
    private final Intake intake;

    CommandConsumer(CommandDecoder decoder, Intake intake) {
        this.decoder = decoder;
        this.intake = intake;
    }

    /** One record of the commands topic. */
    @Incoming("commands")
    @Acknowledgment(Acknowledgment.Strategy.MANUAL)
    public CompletionStage<Void> consume(Message<byte[]> message) {
        @SuppressWarnings("unchecked")
        ConsumerRecord<byte[], byte[]> record = message.getMetadata(IncomingKafkaRecordMetadata.class)
                .orElseThrow(() -> new IllegalStateException("the commands channel is not a Kafka channel"))
                .getRecord();
        intake.offer(record, decoder.decode(record), () -> acknowledge(message));
        return CompletableFuture.completedFuture(null);
    }

    private static void acknowledge(Message<byte[]> message) {
        var _ = message.ack();
    }
}

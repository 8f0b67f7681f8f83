package org.dbtrelay.command;

import io.smallrye.mutiny.TimeoutException;
import io.smallrye.reactive.messaging.MutinyEmitter;
import io.smallrye.reactive.messaging.kafka.api.OutgoingKafkaRecordMetadata;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.dbtrelay.flow.Destination;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.TraceContext;
import org.eclipse.microprofile.reactive.messaging.Channel;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.eclipse.microprofile.reactive.messaging.Metadata;
import org.jspecify.annotations.Nullable;

/** Puts commands that came by HTTP on the commands topic. */
@Singleton
public class CommandOutlet {

    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private final MutinyEmitter<byte[]> emitter;

    CommandOutlet(@Channel("commands-by-http") MutinyEmitter<byte[]> emitter) {
        this.emitter = emitter;
    }

    /** The brokers did not take a command, or did not say so in time. */
    public static final class NotTaken extends Exception {

        private static final long serialVersionUID = 1L;

        NotTaken(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * Sends a command and the trace that it belongs to, and waits until the brokers have it.
     *
     * @param destination a known one
     * @throws NotTaken if they did not say that they took it; it may be there all the same
     */
    public void send(Command command, Destination destination, byte[] value) throws NotTaken {
        OutgoingKafkaRecordMetadata.OutgoingKafkaRecordMetadataBuilder<String> metadata =
                OutgoingKafkaRecordMetadata.<String>builder().withHeaders(headers(command));
        switch (destination) {
            case Destination.Keyed(String key) -> metadata.withKey(key);
            // Without a key: one of its own would belong to a partition of its own.
            case Destination.Beside(int partition, String target) -> metadata.withPartition(partition);
            case Destination.Unknown(String target) ->
                throw new IllegalArgumentException("nobody here has the command " + target);
        }
        try {
            emitter.sendMessage(Message.of(value, Metadata.of(metadata.build())))
                    .await()
                    .atMost(PATIENCE);
        } catch (TimeoutException e) {
            throw new NotTaken("Kafka does not answer", e);
        } catch (RuntimeException e) {
            throw new NotTaken("Kafka did not take the command: " + e.getMessage(), e);
        }
    }

    private static RecordHeaders headers(Command command) {
        RecordHeaders headers = new RecordHeaders();
        @Nullable TraceContext trace = command.head().trace();
        if (trace != null) {
            headers.add("traceparent", trace.traceparent().getBytes(StandardCharsets.US_ASCII));
            if (trace.tracestate() != null) {
                headers.add("tracestate", trace.tracestate().getBytes(StandardCharsets.US_ASCII));
            }
        }
        return headers;
    }
}

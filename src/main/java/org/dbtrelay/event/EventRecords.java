package org.dbtrelay.event;

import io.cloudevents.CloudEvent;
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.core.format.EventFormat;
import io.cloudevents.jackson.JsonFormat;
import io.cloudevents.kafka.KafkaMessageFactory;
import jakarta.inject.Singleton;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.dbtrelay.config.EventMode;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.TraceContext;
import org.dbtrelay.run.event.RunEvent;
import org.jspecify.annotations.Nullable;

/** Run events as Kafka records: CloudEvents 1.0 in binary or structured mode, keyed by command id. */
@Singleton
public class EventRecords {

    private static final String TYPE_PREFIX = "org.dbtrelay.";

    private static final EventFormat JSON = new JsonFormat();

    private final RelayConfig.Topics topics;
    private final EventMode mode;
    private final String deployment;

    EventRecords(RelayConfig config, Policy policy) {
        this.topics = config.topics();
        this.mode = config.events().mode();
        this.deployment = policy.deployment();
    }

    /** The record of an event, ready to be sent. */
    public ProducerRecord<byte[], byte[]> record(RunEvent event) {
        CloudEventBuilder builder = CloudEventBuilder.v1()
                .withId(event.commandId() + "/" + event.sequence())
                .withSource(source(event.connection()))
                .withType(TYPE_PREFIX + event.type().wireName())
                .withTime(event.observedAt().atOffset(ZoneOffset.UTC))
                .withData("application/json", EventJson.write(event));
        String subject = subject(event);
        if (!subject.isEmpty()) {
            builder.withSubject(subject);
        }
        @Nullable TraceContext trace = event.trace();
        if (trace != null) {
            extension(builder, trace);
        }
        ProducerRecord<byte[], byte[]> record = inMode(event, builder.build());
        if (trace != null) {
            // Tracing libraries look for these headers, whether they know CloudEvents or not.
            header(record, "traceparent", trace.traceparent());
            if (trace.tracestate() != null) {
                header(record, "tracestate", trace.tracestate());
            }
        }
        return record;
    }

    private static void extension(CloudEventBuilder builder, TraceContext trace) {
        builder.withExtension("traceparent", trace.traceparent());
        if (trace.tracestate() != null) {
            builder.withExtension("tracestate", trace.tracestate());
        }
    }

    private ProducerRecord<byte[], byte[]> inMode(RunEvent event, CloudEvent cloudEvent) {
        var writer =
                KafkaMessageFactory.createWriter(topic(event), event.commandId().getBytes(StandardCharsets.UTF_8));
        return switch (mode) {
            case BINARY -> writer.writeBinary(cloudEvent);
            case STRUCTURED -> {
                ProducerRecord<byte[], byte[]> record = writer.writeStructured(cloudEvent, JSON);
                // The SDK leaves the charset out, with which the Kafka protocol binding has it.
                record.headers().remove("content-type");
                header(record, "content-type", JsonFormat.CONTENT_TYPE + "; charset=UTF-8");
                yield record;
            }
        };
    }

    private static void header(ProducerRecord<byte[], byte[]> record, String name, String value) {
        record.headers().add(name, value.getBytes(StandardCharsets.UTF_8));
    }

    /** The data of an event, as it stands in its record, whatever the mode. */
    public byte[] data(RunEvent event) {
        return EventJson.write(event);
    }

    /**
     * As {@link #data(RunEvent)}, for an event with its record: in binary mode the data is the record's value.
     *
     * @param record the event's, as {@link #record} made it
     */
    public byte[] data(RunEvent event, ProducerRecord<byte[], byte[]> record) {
        return switch (mode) {
            case BINARY -> record.value();
            case STRUCTURED -> data(event);
        };
    }

    private String topic(RunEvent event) {
        return switch (event.body()) {
            case RunEvent.OfCommand command -> topics.runEvents();
            case RunEvent.OfRun run -> topics.runEvents();
            case RunEvent.OfArtifact artifact -> topics.artifactEvents();
            case RunEvent.OfMissingArtifact missing -> topics.artifactEvents();
        };
    }

    private URI source(String connection) {
        return URI.create("/dbt-cloud-relay/" + segment(deployment) + "/" + segment(connection));
    }

    private static String segment(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** The known ids: a run can be known without its job, and neither without its account. */
    private static String subject(RunEvent event) {
        if (event.accountId() == null) {
            return "";
        }
        StringBuilder subject = new StringBuilder("accounts/").append(event.accountId());
        if (event.jobId() != null) {
            subject.append("/jobs/").append(event.jobId());
        }
        if (event.runId() != null) {
            subject.append("/runs/").append(event.runId());
        }
        return subject.toString();
    }
}

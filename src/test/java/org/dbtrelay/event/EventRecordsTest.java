package org.dbtrelay.event;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.dbtrelay.config.Policies;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.TraceContext;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.event.SampleEvent;
import org.junit.jupiter.api.Test;

/** The two ways in which an event becomes a record. */
class EventRecordsTest {

    private static final String PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    private static final String CONTEXT = "{\"amount\":2.50,\"big\":12345678901234567890,\"text\":\"ü\"}";
    private static final RunEvent.OfCommand REJECTED =
            new RunEvent.OfCommand("trigger", RejectReason.INVALID, "message", null);

    @Test
    void inBinaryModeTheAttributesAreHeaders() {
        EventRecords records = records("binary");
        RunEvent event = event(new TraceContext(PARENT, "vendor=1"));

        ProducerRecord<byte[], byte[]> record = records.record(event);

        assertThat(headers(record))
                .isEqualTo(new TreeMap<>(Map.ofEntries(
                        Map.entry("ce_specversion", "1.0"),
                        Map.entry("ce_id", "orders/1"),
                        Map.entry("ce_source", "/dbt-cloud-relay/dbt.relay.ledger/default"),
                        Map.entry("ce_type", "org.dbtrelay.command.rejected"),
                        Map.entry("ce_subject", "accounts/2/jobs/5"),
                        Map.entry("ce_time", "2026-11-22T10:00:15Z"),
                        Map.entry("ce_traceparent", PARENT),
                        Map.entry("ce_tracestate", "vendor=1"),
                        Map.entry("content-type", "application/json"),
                        Map.entry("traceparent", PARENT),
                        Map.entry("tracestate", "vendor=1"))));
        assertThat(record.value()).isEqualTo(records.data(event));
    }

    @Test
    void inStructuredModeTheValueIsTheEnvelope() throws IOException {
        EventRecords records = records("structured");
        RunEvent event = event(new TraceContext(PARENT, "vendor=1"));

        ProducerRecord<byte[], byte[]> record = records.record(event);

        assertThat(record.topic()).isEqualTo("dbt.run.events");
        assertThat(record.key()).asString(StandardCharsets.UTF_8).isEqualTo("orders");
        assertThat(headers(record))
                .isEqualTo(new TreeMap<>(Map.of(
                        "content-type",
                        "application/cloudevents+json; charset=UTF-8",
                        "traceparent",
                        PARENT,
                        "tracestate",
                        "vendor=1")));
        ObjectMapper json = new ObjectMapper();
        JsonNode envelope = json.readTree(record.value());
        assertThat(envelope).isEqualTo(json.readTree("""
                        {"specversion": "1.0", "id": "orders/1", "source": "/dbt-cloud-relay/dbt.relay.ledger/default",
                         "type": "org.dbtrelay.command.rejected", "datacontenttype": "application/json",
                         "subject": "accounts/2/jobs/5", "time": "2026-11-22T10:00:15Z", "traceparent": "%s",
                         "tracestate": "vendor=1", "data": %s}""".formatted(
                        PARENT, new String(records.data(event), StandardCharsets.UTF_8))));
        assertThat(record.value())
                .as("the context is echoed untouched")
                .asString(StandardCharsets.UTF_8)
                .contains("\"context\":" + CONTEXT);
    }

    @Test
    void withoutATraceThereIsNoWordOfIt() {
        RunEvent event = event(null);

        assertThat(headers(records("binary").record(event)).keySet()).noneMatch(name -> name.contains("trace"));
        ProducerRecord<byte[], byte[]> structured = records("structured").record(event);
        assertThat(headers(structured)).containsOnlyKeys("content-type");
        assertThat(structured.value()).asString(StandardCharsets.UTF_8).doesNotContain("trace");
    }

    @Test
    void theSubjectNamesWhatIsKnown() {
        assertThat(subject(2L, 5L, 9L)).isEqualTo("accounts/2/jobs/5/runs/9");
        assertThat(subject(2L, null, 9L)).isEqualTo("accounts/2/runs/9");
        assertThat(subject(2L, null, null)).isEqualTo("accounts/2");
        assertThat(subject(null, null, null)).isNull();
    }

    private static String subject(Long accountId, Long jobId, Long runId) {
        RunEvent event =
                SampleEvent.of("orders").about(accountId, jobId, runId).build(EventType.COMMAND_REJECTED, REJECTED);
        return headers(records("binary").record(event)).get("ce_subject");
    }

    private static EventRecords records(String mode) {
        RelayConfig config = new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .withMapping(RelayConfig.class)
                .withDefaultValue("relay.events.mode", mode)
                .build()
                .getConfigMapping(RelayConfig.class);
        return new EventRecords(config, Policies.of(config));
    }

    private static RunEvent event(TraceContext trace) {
        return SampleEvent.of("orders")
                .observedAt(Instant.parse("2026-11-22T10:00:15Z"))
                .about(2L, 5L, null)
                .context(CONTEXT)
                .trace(trace)
                .build(EventType.COMMAND_REJECTED, REJECTED);
    }

    private static Map<String, String> headers(ProducerRecord<byte[], byte[]> record) {
        Map<String, String> headers = new TreeMap<>();
        for (Header header : record.headers()) {
            String before = headers.put(header.key(), new String(header.value(), StandardCharsets.UTF_8));
            assertThat(before).as("%s comes once", header.key()).isNull();
        }
        return headers;
    }
}

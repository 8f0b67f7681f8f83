package org.dbtrelay.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.dbtrelay.run.command.TraceContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How the parts of a command's trace hang together, and that nothing changes without a tracer. */
class RelayTracesTest {

    private static final String TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static final TraceContext PRODUCER =
            new TraceContext("00-" + TRACE_ID + "-00f067aa0ba902b7-01", "vendor=1");

    private final List<SpanData> spans = new ArrayList<>();
    private final SdkTracerProvider provider = SdkTracerProvider.builder()
            .addSpanProcessor(SimpleSpanProcessor.create(new Kept()))
            .build();
    private final RelayTraces traces = new RelayTraces(
            OpenTelemetrySdk.builder().setTracerProvider(provider).build());

    private final class Kept implements SpanExporter {
        @Override
        public CompletableResultCode export(Collection<SpanData> more) {
            spans.addAll(more);
            return CompletableResultCode.ofSuccess();
        }

        @Override
        public CompletableResultCode flush() {
            return CompletableResultCode.ofSuccess();
        }

        @Override
        public CompletableResultCode shutdown() {
            return CompletableResultCode.ofSuccess();
        }
    }

    @AfterEach
    void close() {
        provider.close();
    }

    private static String spanId(TraceContext trace) {
        return trace.traceparent().split("-", -1)[2];
    }

    @Test
    void aRecordHangsOnItsProducersSpanAndWhatFollowsOnTheRecord() {
        TraceContext ofRecord;
        try (RelayTraces.Part part = traces.received(PRODUCER, "c1", "dbt.commands", 2, 17)) {
            ofRecord = part.trace();
        }
        String ofCall;
        try (RelayTraces.Part part = traces.calling("trigger", "default", "c1", ofRecord.traceparent())) {
            ofCall = part.traceparent();
            part.ofRun(99);
        }

        assertThat(spans).extracting(SpanData::getTraceId).containsOnly(TRACE_ID);
        assertThat(spans).extracting(SpanData::getName).containsExactly("process dbt.commands", "trigger");
        assertThat(spans).extracting(SpanData::getKind).containsExactly(SpanKind.CONSUMER, SpanKind.CLIENT);
        assertThat(spans).extracting(SpanData::getParentSpanId).containsExactly("00f067aa0ba902b7", spanId(ofRecord));
        assertThat(ofCall).startsWith("00-" + TRACE_ID + "-" + spans.getLast().getSpanId());
        assertThat(ofRecord.tracestate()).isEqualTo("vendor=1");
        assertThat(spans.getFirst().getAttributes().asMap().toString()).contains("c1", "dbt.commands", "17");
    }

    @Test
    void aCommandWithoutATraceBeginsOne() {
        try (RelayTraces.Part part = traces.received(null, "c1", "dbt.commands", 0, 1)) {
            assertThat(part.trace()).isNotNull();
        }
        assertThat(spans)
                .singleElement()
                .satisfies(span ->
                        assertThat(span.getParentSpanContext().isValid()).isFalse());
    }

    @Test
    void aTraceThatIsNotToBeRecordedGoesOnAsItCame() {
        TraceContext unsampled = new TraceContext("00-" + TRACE_ID + "-00f067aa0ba902b7-00", null);
        try (RelayTraces.Part part = traces.received(unsampled, "c1", "dbt.commands", 0, 1)) {
            assertThat(part.trace()).isEqualTo(unsampled);
        }
        assertThat(spans).isEmpty();
    }

    @Test
    void aCallThatFailedSaysSo() {
        try (RelayTraces.Part part = traces.calling("trigger", "default", "c1", PRODUCER.traceparent())) {
            part.failed("dbt Cloud answered 503");
        }
        assertThat(spans).singleElement().satisfies(span -> {
            assertThat(span.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
            assertThat(span.getStatus().getDescription()).isEqualTo("dbt Cloud answered 503");
        });
    }

    @Test
    void withoutATracerNothingChanges() {
        RelayTraces none = RelayTraces.none();
        try (RelayTraces.Part part = none.received(PRODUCER, "c1", "dbt.commands", 0, 1);
                RelayTraces.Part call = none.calling("trigger", "default", "c1", PRODUCER.traceparent());
                RelayTraces.Part untraced = none.received(null, "c1", "dbt.commands", 0, 1)) {
            assertThat(part.trace()).isEqualTo(PRODUCER);
            assertThat(call.traceparent()).isEqualTo(PRODUCER.traceparent());
            assertThat(untraced.trace()).isNull();
        }
    }
}

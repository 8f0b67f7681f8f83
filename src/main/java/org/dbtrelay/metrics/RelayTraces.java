package org.dbtrelay.metrics;

import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.quarkus.opentelemetry.runtime.config.runtime.OTelRuntimeConfig;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.dbtrelay.run.command.TraceContext;
import org.dbtrelay.run.event.RunEvent;
import org.jspecify.annotations.Nullable;

/**
 * One trace for each command: its record, the call that starts its run, its events; the only user of
 * OpenTelemetry. The context of the spans is stored with the command, so a trace goes on after a crash and on another
 * instance. Without an exporter nothing happens, and a trace goes on as it came.
 */
@Singleton
public class RelayTraces {

    private static final String SCOPE = "org.dbtrelay";
    private static final AttributeKey<String> COMMAND_ID = AttributeKey.stringKey("command_id");
    private static final AttributeKey<String> SYSTEM = AttributeKey.stringKey("messaging.system");
    private static final AttributeKey<String> TOPIC = AttributeKey.stringKey("messaging.destination.name");
    private static final AttributeKey<String> PARTITION = AttributeKey.stringKey("messaging.destination.partition.id");
    private static final AttributeKey<Long> OFFSET = AttributeKey.longKey("messaging.kafka.offset");
    private static final AttributeKey<String> CONNECTION = AttributeKey.stringKey("connection");
    private static final AttributeKey<Long> RUN_ID = AttributeKey.longKey("run_id");

    private static final TextMapGetter<Map<String, String>> FIELDS = new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(Map<String, String> fields) {
            return fields.keySet();
        }

        @Override
        public @Nullable String get(@Nullable Map<String, String> fields, String key) {
            return fields == null ? null : fields.get(key);
        }
    };

    /** Null: nothing is traced, and no time is spent on it on the way of every commit. */
    private final @Nullable Tracer tracer;

    /** The SDK makes spans even when it is disabled, and lets them fall; a trace would go on by way of a span that nobody has. */
    @Inject
    RelayTraces(OpenTelemetry telemetry, OTelRuntimeConfig config) {
        this(config.sdkDisabled() ? null : telemetry);
    }

    RelayTraces(@Nullable OpenTelemetry telemetry) {
        this.tracer = telemetry == null ? null : telemetry.getTracer(SCOPE);
    }

    /** None: for what is wired by hand. */
    public static RelayTraces none() {
        return new RelayTraces(null);
    }

    /** A part of a trace that is under way. Ending it again does nothing. */
    public static final class Part implements AutoCloseable {
        private final Span span;
        private final @Nullable TraceContext before;

        private Part(Span span, @Nullable TraceContext before) {
            this.span = span;
            this.before = before;
        }

        /** The context for spans below this part; null: there is no trace. */
        public @Nullable TraceContext trace() {
            if (!span.isRecording()) {
                return before;
            }
            Map<String, String> fields = new HashMap<>();
            W3CTraceContextPropagator.getInstance().inject(Context.root().with(span), fields, (into, key, value) -> {
                if (into != null) {
                    into.put(key, value);
                }
            });
            return TraceContext.of(fields.get("traceparent"), fields.get("tracestate"));
        }

        /** The header of a request that belongs to this part; null: there is no trace. */
        public @Nullable String traceparent() {
            @Nullable TraceContext trace = trace();
            return trace == null ? null : trace.traceparent();
        }

        /** It started this run, or was about it. */
        public void ofRun(long runId) {
            span.setAttribute(RUN_ID, runId);
        }

        /** It went wrong. */
        public void failed(String detail) {
            span.setStatus(StatusCode.ERROR, detail);
        }

        @Override
        public void close() {
            span.end();
        }
    }

    /**
     * A record with a command is here; the part ends when what was decided is durable.
     *
     * @param trace that its producer has named
     */
    public Part received(@Nullable TraceContext trace, String commandId, String topic, int partition, long offset) {
        return begin(
                trace,
                "process " + topic,
                SpanKind.CONSUMER,
                commandId,
                builder -> builder.setAttribute(SYSTEM, "kafka")
                        .setAttribute(TOPIC, topic)
                        .setAttribute(PARTITION, String.valueOf(partition))
                        .setAttribute(OFFSET, offset));
    }

    /**
     * dbt Cloud is asked to start a run.
     *
     * @param name how: {@code trigger}, {@code retry run}, {@code retry job}
     * @param traceparent of the command's trace
     */
    public Part calling(String name, String connection, String commandId, @Nullable String traceparent) {
        return begin(
                TraceContext.of(traceparent, null),
                name,
                SpanKind.CLIENT,
                commandId,
                builder -> builder.setAttribute(CONNECTION, connection));
    }

    /** Events are committed. */
    public void told(List<RunEvent> events, Instant begun, Instant committed) {
        if (tracer == null) {
            return;
        }
        for (RunEvent event : events) {
            Span span = builder(
                            tracer,
                            event.trace(),
                            "publish " + event.type().wireName(),
                            SpanKind.PRODUCER,
                            event.commandId())
                    .setAttribute(SYSTEM, "kafka")
                    .setStartTimestamp(begun)
                    .startSpan();
            if (event.runId() != null) {
                span.setAttribute(RUN_ID, event.runId());
            }
            span.end(committed);
        }
    }

    private interface More {
        SpanBuilder to(SpanBuilder builder);
    }

    private Part begin(@Nullable TraceContext trace, String name, SpanKind kind, String commandId, More more) {
        Span span = tracer == null
                ? Span.getInvalid()
                : more.to(builder(tracer, trace, name, kind, commandId)).startSpan();
        return new Part(span, trace);
    }

    private static SpanBuilder builder(
            Tracer tracer, @Nullable TraceContext trace, String name, SpanKind kind, String commandId) {
        return tracer.spanBuilder(name)
                .setParent(parent(trace))
                .setSpanKind(kind)
                .setAttribute(COMMAND_ID, commandId);
    }

    private static Context parent(@Nullable TraceContext trace) {
        if (trace == null) {
            return Context.root();
        }
        Map<String, String> fields = new HashMap<>();
        fields.put("traceparent", trace.traceparent());
        if (trace.tracestate() != null) {
            fields.put("tracestate", trace.tracestate());
        }
        return W3CTraceContextPropagator.getInstance().extract(Context.root(), fields, FIELDS);
    }
}

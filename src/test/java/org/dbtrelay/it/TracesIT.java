package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.Deployment.bytes;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.ReceivedEvent;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Tracing switched on: one trace from the producer over dbt Cloud to the events, told to a collector by OTLP. */
class TracesIT {

    private static final String TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static final String PARENT = "00-" + TRACE_ID + "-00f067aa0ba902b7-01";

    /** What the collector got; protobuf, in which ids are bytes and names are text. */
    private static final List<String> EXPORTS = new CopyOnWriteArrayList<>();

    private static HttpServer collector;
    private static RelayStage stage;
    private static Deployment relay;

    @BeforeAll
    static void start() throws IOException {
        collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        collector.createContext("/v1/traces", TracesIT::take);
        collector.start();
        stage = RelayStage.of(
                TracesIT.class,
                World.empty()
                        .account(World.ACCOUNT_ID, "Jaffle Shop")
                        .project("Jaffle Shop")
                        .environment("Production")
                        .job(EmulatedJob.named("traced")
                                .plan(RunPlan.succeeding().instantly()))
                        .job(EmulatedJob.named("begun")
                                .plan(RunPlan.succeeding().instantly())));
        relay = stage.deployment("traces")
                .set("quarkus.otel.sdk.disabled", "false")
                .set("quarkus.otel.bsp.schedule.delay", "200ms")
                .set(
                        "quarkus.otel.exporter.otlp.endpoint",
                        "http://127.0.0.1:" + collector.getAddress().getPort())
                .start();
    }

    @AfterAll
    static void end() {
        stage.close();
        collector.stop(0);
    }

    private static void take(HttpExchange exchange) throws IOException {
        try (exchange) {
            EXPORTS.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.ISO_8859_1));
            exchange.getResponseHeaders().add("content-type", "application/x-protobuf");
            exchange.sendResponseHeaders(200, -1);
        }
    }

    @Test
    void theCommandsTraceGoesThroughTheRelay() {
        relay.send(record("traced", Map.of("traceparent", PARENT, "tracestate", "vendor=1")));
        relay.reader().await(2, event -> event.is("artifact.ready", "traced"), PATIENCE);

        String sent = traceparentToDbtCloud("traced");
        assertThat(sent).startsWith("00-" + TRACE_ID + "-").isNotEqualTo(PARENT);
        List<ReceivedEvent> events = relay.reader().eventsOf("traced");
        assertThat(events).isNotEmpty().allSatisfy(event -> {
            assertThat(event.header("traceparent"))
                    .startsWith("00-" + TRACE_ID + "-")
                    .isNotEqualTo(PARENT);
            assertThat(event.header("tracestate")).isEqualTo("vendor=1");
        });
        assertCollected(
                TRACE_ID,
                "process " + relay.topic("commands"),
                "trigger",
                "publish command.accepted",
                "publish run.succeeded",
                "publish artifact.ready");
    }

    @Test
    void aCommandWithoutATraceGetsOne() {
        relay.send(record("begun", Map.of()));
        relay.reader().await(2, event -> event.is("artifact.ready", "begun"), PATIENCE);

        String traceId = traceparentToDbtCloud("begun").split("-", -1)[1];
        assertThat(relay.reader().eventsOf("begun"))
                .isNotEmpty()
                .allSatisfy(event -> assertThat(event.header("traceparent")).contains(traceId));
        assertCollected(traceId, "trigger", "publish run.succeeded");
    }

    private static void assertCollected(String traceId, String... spans) {
        String id = new String(HexFormat.of().parseHex(traceId), StandardCharsets.ISO_8859_1);
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(String.join("", EXPORTS))
                        .contains(id)
                        .contains("dbt-cloud-relay")
                        .contains(spans));
    }

    private static String traceparentToDbtCloud(String job) {
        return stage.dbtCloud().counters().requests().stream()
                .filter(request ->
                        request.endpoint() == Endpoint.TRIGGER && request.path().contains("/jobs/" + id(job) + "/"))
                .map(request -> request.headers().get("traceparent"))
                .findFirst()
                .orElseThrow();
    }

    private static ProducerRecord<byte[], byte[]> record(String job, Map<String, String> headers) {
        var record = new ProducerRecord<byte[], byte[]>(
                relay.topic("commands"), bytes("orders"), bytes(Deployment.trigger(job, id(job))));
        headers.forEach((name, text) -> record.headers().add(name, bytes(text)));
        return record;
    }

    private static long id(String job) {
        return stage.dbtCloud().world().jobNamed(job).id();
    }
}

package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.it.Deployment.bytes;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.ReceivedRequest;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.ReceivedEvent;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** CloudEvents in, in both modes, structured ones out, and a trace from one end to the other. */
class CloudEventsIT {

    private static final String STRUCTURED = "application/cloudevents+json; charset=UTF-8";
    private static final String CONTEXT = "{\"batch\":17,\"amount\":2.50,\"text\":\"ü\"}";

    private static RelayStage stage;
    private static Deployment relay;

    @BeforeAll
    static void start() {
        stage = RelayStage.of(
                CloudEventsIT.class,
                World.empty()
                        .account(World.ACCOUNT_ID, "Jaffle Shop")
                        .project("Jaffle Shop")
                        .environment("Production")
                        .job(EmulatedJob.named("by structured")
                                .plan(RunPlan.succeeding().instantly()))
                        .job(EmulatedJob.named("by binary")
                                .plan(RunPlan.succeeding().instantly()))
                        .job(EmulatedJob.named("once").plan(RunPlan.succeeding().instantly()))
                        .job(EmulatedJob.named("never")));
        relay = stage.deployment("cloud-events")
                .set("relay.events.mode", "structured")
                .start();
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    @Test
    void structuredCommand() {
        String parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        EmulatedJob job = job("by structured");

        relay.send(record("""
                {"specversion": "1.0", "type": "com.example.orders.landed", "source": "/shop/orders", "id": "structured",
                 "time": "2026-11-22T10:00:00Z", "traceparent": "%s", "tracestate": "vendor=1",
                 "data": {"command": "trigger", "job_id": %d, "context": %s}}""".formatted(parent, job.id(), CONTEXT), Map.of("content-type", STRUCTURED)));

        assertRunAndTold("/shop/orders|structured", job, parent, "vendor=1");
    }

    @Test
    void binaryCommand() {
        String parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
        EmulatedJob job = job("by binary");

        relay.send(record(
                "{\"command\": \"trigger\", \"job_id\": %d, \"context\": %s}".formatted(job.id(), CONTEXT),
                Map.of(
                        "ce_specversion",
                        "1.0",
                        "ce_type",
                        "com.example.orders.landed",
                        "ce_source",
                        "/shop/orders",
                        "ce_id",
                        "binary",
                        "ce_traceparent",
                        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                        "traceparent",
                        parent,
                        "content-type",
                        "application/json")));

        assertRunAndTold("/shop/orders|binary", job, parent, null);
    }

    @Test
    void sameCommandHoweverItComesIsTakenOnce() {
        EmulatedJob job = job("once");
        String command = trigger("/shop|once", job.id());
        String withoutId = "{\"command\": \"trigger\", \"job_id\": %d}".formatted(job.id());
        Map<String, String> binary =
                Map.of("ce_specversion", "1.0", "ce_type", "t", "ce_source", "/shop", "ce_id", "once");

        relay.send(record(command, Map.of()));
        relay.send(record(withoutId, binary));
        relay.send(record(
                "{\"specversion\": \"1.0\", \"type\": \"t\", \"source\": \"/other\", \"id\": \"other\", \"data\": %s}"
                        .formatted(command),
                Map.of("content-type", STRUCTURED)));
        relay.send(record(trigger("after-once", 404), Map.of()));
        relay.reader().awaitEvent("command.rejected", "after-once", PATIENCE);
        relay.reader().awaitEvent("run.succeeded", "/shop|once", PATIENCE);

        assertThat(stage.dbtCloud().runsOfJob(job.id())).hasSize(1);
        relay.history().assertFaultless();
        assertThat(relay.reader().events(event -> event.text().contains("/other")))
                .isEmpty();
    }

    @Test
    void badEnvelopeIsRejectedAndNoCommandIsADeadLetter() {
        String envelope =
                "{\"specversion\": \"0.3\", \"type\": \"t\", \"source\": \"/shop\", \"id\": \"bad\", \"data\": %s}"
                        .formatted(trigger("bad-envelope", job("never").id()));
        ProducerRecord<byte[], byte[]> noCommand = record(
                "{\"specversion\": \"1.0\", \"type\": \"t\", \"source\": \"/shop\", \"id\": \"no data\"}",
                Map.of("content-type", STRUCTURED));

        relay.send(record(envelope, Map.of("content-type", STRUCTURED)));
        relay.send(noCommand);

        ReceivedEvent rejected = relay.reader().awaitEvent("command.rejected", "bad-envelope", PATIENCE);
        assertThat(rejected.reason()).contains("invalid");
        assertThat(rejected.data().path("message").asText()).startsWith("specversion: must be 1.0");
        EventShape.assertRight(relay, relay.reader().eventsOf("bad-envelope"));
        ReceivedEvent letter = relay.reader().awaitFor(event -> event.header("dlq-reason") != null, PATIENCE);
        assertThat(letter.header("dlq-reason")).isEqualTo("malformed");
        assertThat(letter.header("dlq-message")).startsWith("data: is missing");
        assertThat(letter.origin().value()).isEqualTo(noCommand.value());
        assertThat(stage.dbtCloud().runsOfJob(job("never").id())).isEmpty();
    }

    private static void assertRunAndTold(String commandId, EmulatedJob job, String parent, String state) {
        relay.reader().await(2, event -> event.is("artifact.ready", commandId), PATIENCE);
        List<ReceivedEvent> events = relay.history().eventsOf(commandId);
        EventShape.assertRight(relay, events);
        assertThat(events)
                .extracting(ReceivedEvent::type)
                .startsWith("command.accepted")
                .endsWith("run.succeeded", "artifact.ready", "artifact.ready");
        assertThat(events).allSatisfy(event -> {
            assertThat(event.isStructured()).isTrue();
            assertThat(event.attribute("traceparent")).isEqualTo(parent);
            assertThat(event.attribute("tracestate")).isEqualTo(state);
            assertThat(event.header("traceparent")).isEqualTo(parent);
            assertThat(event.header("tracestate")).isEqualTo(state);
            assertThat(event.text()).as("the context is echoed untouched").contains("\"context\":" + CONTEXT);
        });
        relay.history().assertFaultless();
        assertThat(stage.dbtCloud().runsOfJob(job.id())).extracting(RunView::id).hasSize(1);
        assertThat(stage.dbtCloud().counters().requests())
                .filteredOn(request ->
                        request.endpoint() == Endpoint.TRIGGER && request.path().contains("/jobs/" + job.id() + "/"))
                .singleElement()
                .extracting(ReceivedRequest::headers)
                .satisfies(headers ->
                        assertThat(headers).containsEntry("traceparent", parent).doesNotContainKey("tracestate"));
    }

    private static ProducerRecord<byte[], byte[]> record(String value, Map<String, String> headers) {
        var record = new ProducerRecord<byte[], byte[]>(relay.topic("commands"), bytes("orders"), bytes(value));
        headers.forEach((name, text) -> record.headers().add(name, bytes(text)));
        return record;
    }

    private static EmulatedJob job(String name) {
        return stage.dbtCloud().world().jobNamed(name);
    }
}

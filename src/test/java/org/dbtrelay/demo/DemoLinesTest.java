package org.dbtrelay.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.dbtrelay.testkit.ReceivedEvent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lines that the demo prints of events, and of events that are missing. */
class DemoLinesTest {

    @TempDir
    Path directory;

    @Test
    void saysWhatFailedInOneLine() {
        ReceivedEvent failed = event("run.failed", "broken", """
                "run_id": 70403110257797, "failure": {"step": {"index": 4, "name": "Invoke dbt with `dbt build`"},
                 "nodes": [{"unique_id": "model.orders", "status": "error", "message": "no such\\n  column"}]}""");

        assertThat(lines().of(failed))
                .isEqualTo("10:00:15.123  broken          run.failed              70403110257797   "
                        + "step 4 \"Invoke dbt with `dbt build`\", model.orders: no such column");
        assertThat(lines().head())
                .isEqualTo("time          command         what happened           run              details");
    }

    @Test
    void namesAnArtifactByItsFile() {
        Path file = directory.resolve("artifacts/1/manifest.json");
        String summary = ", \"summary\": {\"nodes\": {\"success\": 4, \"error\": 1}, \"elapsed_seconds\": 2.5}";
        ReceivedEvent ready = event("artifact.ready", "orders", artifact(file, 2345) + summary);

        assertThat(lines().of(ready)).endsWith("  2345 bytes, 4 success, 1 error, artifacts/1/manifest.json");
    }

    @Test
    void keepsTheColumnsWhenAnIdIsLong() {
        ReceivedEvent accepted =
                event("command.accepted", "eab53649-5f20-4ed8-ab41-d9c045523d1f", "\"command\": \"trigger\"");

        assertThat(lines().of(accepted))
                .isEqualTo("10:00:15.123  …-d9c045523d1f  command.accepted                         trigger");
    }

    @Test
    void showsADeadLetterByItsReason() {
        assertThat(lines().of(deadLetter()))
                .endsWith("  -               dead letter                              malformed: no JSON");
    }

    @Test
    void scriptIsDoneWhenAllHasComeAndSaysWhatHasNot() throws IOException {
        Script script = Script.of(1, 2, new Script.JobNames("Shop", "Production", "Daily"));
        Path file = Files.writeString(directory.resolve("artifact.json"), "{}");
        var events = new ArrayList<ReceivedEvent>();
        for (String command : List.of("orders", "by-name")) {
            events.add(event("command.accepted", command, "\"command\": \"trigger\""));
            events.add(event("run.succeeded", command, "\"run_id\": 1"));
            for (String path : Script.ARTIFACTS) {
                events.add(event("artifact.ready", command, "\"path\": \"%s\", %s".formatted(path, artifact(file, 2))));
            }
        }
        events.add(event("run.failed", "broken", "\"failure\": {\"step\": {\"index\": 4}}"));
        events.add(event("artifact.ready", "broken", "\"path\": \"run_results.json\", " + artifact(file, 3)));
        events.add(event("command.rejected", "unknown-job", "\"reason\": \"forbidden\""));
        events.add(deadLetter());

        assertThat(script.missing(events))
                .containsExactly(
                        "artifact.ready of broken with run_results.json in the store",
                        "command.rejected (job_not_found) of unknown-job");

        events.add(event("artifact.ready", "broken", "\"path\": \"run_results.json\", " + artifact(file, 2)));
        events.add(event("command.rejected", "unknown-job", "\"reason\": \"job_not_found\""));
        assertThat(script.missing(events)).isEmpty();
    }

    private EventLine lines() {
        return new EventLine(directory, ZoneOffset.UTC);
    }

    private static String artifact(Path file, long size) {
        return "\"location\": \"%s\", \"size_bytes\": %d".formatted(file.toUri(), size);
    }

    private static ReceivedEvent deadLetter() {
        var message = new ConsumerRecord<byte[], byte[]>(
                "dbt.commands.dlq", 0, 0, bytes("oops"), bytes("run the orders job, please"));
        message.headers().add("dlq-reason", bytes("malformed")).add("dlq-message", bytes("no JSON"));
        return ReceivedEvent.of(message);
    }

    private static ReceivedEvent event(String type, String commandId, String more) {
        var message = new ConsumerRecord<byte[], byte[]>(
                "dbt.run.events",
                0,
                0,
                bytes(commandId),
                bytes("{\"command_id\": \"%s\", \"sequence\": 0, %s}".formatted(commandId, more)));
        message.headers()
                .add("ce_type", bytes("org.dbtrelay." + type))
                .add("ce_time", bytes("2026-11-22T10:00:15.123Z"));
        return ReceivedEvent.of(message);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}

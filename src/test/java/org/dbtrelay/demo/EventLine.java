package org.dbtrelay.demo;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.dbtrelay.testkit.ReceivedEvent;

/** Puts an event into one line for a person: time, command, what happened, run, and what is worth knowing besides. */
final class EventLine {

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT);
    private static final int LONGEST_ID = 14;
    private static final int LONGEST_DETAIL = 140;

    private final Path directory;
    private final ZoneId zone;

    /**
     * Makes lines with times of this zone.
     *
     * @param directory artifacts are named relative to it
     */
    EventLine(Path directory, ZoneId zone) {
        this.directory = directory.toAbsolutePath();
        this.zone = zone;
    }

    /** The line above the first event. */
    String head() {
        return line("time", "command", "what happened", "run", "details");
    }

    String of(ReceivedEvent event) {
        if (event.header("dlq-reason") != null) {
            return line(
                    TIME.format(Instant.ofEpochMilli(event.origin().timestamp()).atZone(zone)),
                    "-",
                    "dead letter",
                    "",
                    "%s: %s".formatted(event.header("dlq-reason"), event.header("dlq-message")));
        }
        String run = event.runId().isPresent() ? Long.toString(event.runId().getAsLong()) : "";
        return line(time(event), event.commandId(), event.type(), run, details(event));
    }

    private String time(ReceivedEvent event) {
        Instant observed;
        try {
            observed = Instant.parse(event.attribute("time"));
        } catch (DateTimeParseException | NullPointerException e) {
            // The record's own time is as good for a person.
            observed = Instant.ofEpochMilli(event.origin().timestamp());
        }
        return TIME.format(observed.atZone(zone));
    }

    private String details(ReceivedEvent event) {
        JsonNode data = event.data();
        var parts = new ArrayList<String>();
        switch (event.type()) {
            case "command.accepted" -> add(parts, data.path("command").asText());
            case "run.queued", "run.starting" ->
                add(parts, data.path("job_name").asText());
            case "run.running" -> seconds(parts, "queued for", data.path("queued_seconds"));
            case "run.succeeded" -> seconds(parts, "ran for", data.path("run_seconds"));
            case "artifact.ready" -> artifact(parts, data);
            default -> {
                add(parts, data.path("path").asText());
                add(parts, data.path("reason").asText());
                add(parts, data.path("message").asText());
                failure(parts, data.path("failure"));
            }
        }
        return String.join(", ", parts);
    }

    private static void failure(List<String> parts, JsonNode failure) {
        JsonNode step = failure.path("step");
        if (step.isObject()) {
            add(
                    parts,
                    "step %s \"%s\""
                            .formatted(
                                    step.path("index").asText("?"),
                                    step.path("name").asText("?")));
        }
        JsonNode node = failure.path("nodes").path(0);
        if (node.isObject()) {
            add(
                    parts,
                    node.path("unique_id").asText() + ": "
                            + node.path("message").asText());
        }
    }

    private void artifact(List<String> parts, JsonNode data) {
        if (data.path("size_bytes").isNumber()) {
            add(parts, "%d bytes".formatted(data.path("size_bytes").asLong()));
        }
        data.path("summary")
                .path("nodes")
                .properties()
                .forEach(nodes -> add(parts, nodes.getValue() + " " + nodes.getKey()));
        String location = data.path("location").asText();
        if (location.startsWith("file:")) {
            Path file = Path.of(URI.create(location));
            add(parts, (file.startsWith(directory) ? directory.relativize(file) : file).toString());
        } else {
            add(parts, data.path("path").asText());
        }
    }

    private static void seconds(List<String> parts, String what, JsonNode seconds) {
        if (seconds.isNumber()) {
            parts.add("%s %.1f s".formatted(what, seconds.asDouble()));
        }
    }

    private static void add(List<String> parts, String part) {
        if (!part.isBlank() && !part.equals("null")) {
            parts.add(part);
        }
    }

    private static String line(String time, String command, String what, String run, String details) {
        String text = details.replaceAll("\\s+", " ");
        if (text.length() > LONGEST_DETAIL) {
            text = text.substring(0, LONGEST_DETAIL - 1) + "…";
        }
        // The end of a generated id tells commands apart, its beginning does not.
        String id =
                command.length() > LONGEST_ID ? "…" + command.substring(command.length() - LONGEST_ID + 1) : command;
        return "%-12s  %-14s  %-22s  %-15s  %s"
                .formatted(time, id, what, run, text)
                .stripTrailing();
    }
}

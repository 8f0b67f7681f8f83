package org.dbtrelay.lineage.tell;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.dbtrelay.lineage.event.LineageEvent;

/** Keeps the events of a step. */
final class Told implements Telling {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final List<JsonNode> events = new ArrayList<>();
    private final List<String> bases = new ArrayList<>();

    @Override
    public void on(String basis) {
        bases.add(basis);
    }

    @Override
    public void tell(LineageEvent event) {
        events.add(json(event));
    }

    static JsonNode json(LineageEvent event) {
        try {
            return JSON.readTree(event.bytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    List<JsonNode> events() {
        return events;
    }

    List<String> bases() {
        return bases;
    }

    /** The last event of a job. */
    JsonNode end(String job) {
        return events.stream()
                .filter(event -> event.path("job").path("name").asText().equals(job))
                .reduce((first, last) -> last)
                .orElseThrow(() -> new AssertionError("nothing of " + job + " in " + jobs()));
    }

    /** The first event of a job. */
    JsonNode start(String job) {
        return events.stream()
                .filter(event -> event.path("job").path("name").asText().equals(job))
                .findFirst()
                .orElseThrow(() -> new AssertionError("nothing of " + job + " in " + jobs()));
    }

    List<String> jobs() {
        return events.stream()
                .map(event -> event.path("eventType").asText() + " "
                        + event.path("job").path("name").asText())
                .toList();
    }
}

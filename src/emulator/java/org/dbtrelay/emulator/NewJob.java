package org.dbtrelay.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;

/** Reads the definition of a job that a client makes: where it belongs, its name and its steps must be in it. */
final class NewJob {
    private static final List<String> REQUIRED = List.of("project_id", "environment_id", "name", "execute_steps");

    private static final String OTHER = "other";

    /** The documented types of jobs. */
    private static final List<String> TYPES =
            List.of("ci", "scheduled", OTHER, "merge", "exposure_sync", "adaptive", "hybrid");

    private NewJob() {}

    /** The definition, or a refusal. */
    static JsonNode read(byte[] body) {
        JsonNode wanted;
        try {
            wanted = Envelope.MAPPER.readTree(body);
        } catch (IOException e) {
            throw Refusal.invalid("The request's body is not JSON");
        }
        Map<String, String> reasons = new LinkedHashMap<>();
        for (String field : REQUIRED) {
            if (!wanted.hasNonNull(field)) {
                reasons.put(field, "'" + field + "' is a required property");
            }
        }
        String type = wanted.path("job_type").asText(OTHER);
        if (!TYPES.contains(type)) {
            reasons.put("job_type", "'" + type + "' is not one of " + TYPES);
        }
        if (!reasons.isEmpty()) {
            throw Refusal.badValues(reasons);
        }
        return wanted;
    }

    /** A job of that definition whose runs succeed. */
    static EmulatedJob of(JsonNode wanted) {
        EmulatedJob job = EmulatedJob.named(wanted.path("name").asText())
                .description(wanted.path("description").asText(""))
                .steps(StreamSupport.stream(wanted.path("execute_steps").spliterator(), false)
                        .map(JsonNode::asText)
                        .toArray(String[]::new))
                .type(wanted.path("job_type").asText(OTHER))
                .timeout(Duration.ofSeconds(
                        wanted.path("execution").path("timeout_seconds").asLong()));
        return wanted.path("generate_docs").asBoolean() ? job.withDocs() : job;
    }
}

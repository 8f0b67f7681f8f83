package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.dbtrelay.testkit.ReceivedEvent;

/** The contract of every event: its CloudEvents attributes, its key, the names of its fields, its times. */
final class EventShape {

    private static final Pattern UTC_TIME = Pattern.compile("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?Z");
    private static final Set<String> TIMES =
            Set.of("created_at", "started_at", "finished_at", "observed_at", "generated_at");
    private static final List<String> OF_ALL = List.of(
            "command_id",
            "sequence",
            "type",
            "connection",
            "origin",
            "account_id",
            "job_id",
            "run_id",
            "observed_at",
            "context");
    private static final List<String> OF_COMMAND = List.of("command", "status", "status_code", "reason", "message");
    private static final List<String> OF_RUN = List.of(
            "project_id",
            "project_name",
            "environment_id",
            "environment_name",
            "environment_type",
            "job_name",
            "job_type",
            "run_url",
            "status",
            "status_code",
            "previous_status",
            "status_message",
            "cause",
            "cause_category",
            "triggered_by",
            "pull_request_id",
            "attempt",
            "adopted",
            "retry_of_run_id",
            "git_branch",
            "git_sha",
            "dbt_version",
            "engine",
            "blocked_by",
            "created_at",
            "started_at",
            "finished_at",
            "queued_seconds",
            "run_seconds",
            "failure",
            "can_retry",
            "reason",
            "message");
    private static final List<String> OF_ARTIFACT = List.of(
            "path",
            "step",
            "size_bytes",
            "sha256",
            "content_type",
            "location",
            "dbt_schema_version",
            "generated_at",
            "invocation_id",
            "warnings");
    private static final List<String> OF_MISSING_ARTIFACT = List.of("path", "step", "reason", "message");

    private EventShape() {}

    /** Checks events of a deployment. */
    static void assertRight(Deployment deployment, List<ReceivedEvent> events) {
        events.forEach(event -> assertRight(deployment, event));
    }

    private static void assertRight(Deployment deployment, ReceivedEvent event) {
        JsonNode data = event.data();
        assertThat(fieldNames(data)).as("fields of %s", event).isEqualTo(expectedFields(event));
        for (String name : TIMES) {
            if (data.hasNonNull(name)) {
                assertThat(data.path(name).isTextual())
                        .as("%s of %s", name, event)
                        .isTrue();
                assertThat(data.path(name).asText()).as("%s of %s", name, event).matches(UTC_TIME);
            }
        }
        assertThat(event.topic())
                .as("topic of %s", event)
                .isEqualTo(deployment.topic(event.type().startsWith("artifact.") ? "artifact.events" : "run.events"));
        assertThat(event.key()).as("key of %s", event).isEqualTo(event.commandId());
        assertThat(event.attribute("specversion")).isEqualTo("1.0");
        assertThat(event.attribute("id"))
                .isEqualTo(event.commandId() + "/" + event.sequence().orElseThrow());
        assertThat(event.attribute("source"))
                .isEqualTo("/dbt-cloud-relay/%s/%s"
                        .formatted(deployment.name(), data.path("connection").asText()));
        assertThat(event.attribute("type"))
                .isEqualTo("org.dbtrelay." + data.path("type").asText());
        assertThat(event.attribute("subject")).as("subject of %s", event).isEqualTo(subject(data));
        assertThat(event.attribute("time")).matches(UTC_TIME);
        assertThat(Instant.parse(event.attribute("time")))
                .isEqualTo(Instant.parse(data.path("observed_at").asText()));
        if (event.isStructured()) {
            assertThat(event.header("content-type")).isEqualTo("application/cloudevents+json; charset=UTF-8");
            assertThat(event.attribute("datacontenttype")).isEqualTo("application/json");
            assertThat(event.headers().keySet()).noneMatch(name -> name.startsWith("ce_"));
        } else {
            assertThat(event.header("content-type")).isEqualTo("application/json");
        }
    }

    private static Set<String> expectedFields(ReceivedEvent event) {
        var names = new TreeSet<>(OF_ALL);
        String type = event.type();
        if (type.startsWith("command.")) {
            names.addAll(OF_COMMAND);
        } else if (type.startsWith("run.")) {
            names.addAll(OF_RUN);
        } else if (type.equals("artifact.ready")) {
            names.addAll(OF_ARTIFACT);
            if (event.data().path("path").asText().equals("run_results.json")) {
                names.add("summary");
            }
        } else if (type.equals("artifact.unavailable")) {
            names.addAll(OF_MISSING_ARTIFACT);
        } else {
            throw new AssertionError("The contract knows no event of the type '" + type + "': " + event);
        }
        return names;
    }

    private static String subject(JsonNode data) {
        var parts = new ArrayList<String>();
        for (String level : List.of("account", "job", "run")) {
            JsonNode id = data.path(level + "_id");
            if (!id.isIntegralNumber()) {
                break;
            }
            parts.add(level + "s/" + id.longValue());
        }
        return parts.isEmpty() ? null : String.join("/", parts);
    }

    private static Set<String> fieldNames(JsonNode data) {
        var names = new TreeSet<String>();
        data.fieldNames().forEachRemaining(names::add);
        return names;
    }
}

package org.dbtrelay.lineage.tell;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What an event of the relay tells of a run: that it runs, or that it has ended.
 *
 * @param happening which of the two
 * @param status dbt Cloud's word for its status, as it stands in events
 * @param wasRunning whether an event before has told that it runs
 * @param engine {@code core} or {@code fusion}; null while unknown
 * @param error why it failed, in words; null unless it did and somebody knows
 * @param observedAt when the relay saw it
 * @param caller the run that it is a part of; null: none
 * @param tags what else is known of it, for the facet of that name
 */
public record ToldRun(
        Happening happening,
        String commandId,
        String connection,
        long accountId,
        @Nullable Long projectId,
        @Nullable Long environmentId,
        long jobId,
        @Nullable String jobName,
        long runId,
        @Nullable String url,
        String status,
        boolean wasRunning,
        @Nullable String gitBranch,
        @Nullable String gitSha,
        @Nullable String dbtVersion,
        @Nullable String engine,
        @Nullable Instant createdAt,
        @Nullable Instant startedAt,
        @Nullable Instant finishedAt,
        @Nullable String error,
        Instant observedAt,
        @Nullable Caller caller,
        Map<String, String> tags) {

    /** What the event is about. */
    public enum Happening {
        /** The run runs. */
        RUNS,
        /** The run has ended. */
        ENDED
    }

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Set<String> ENDS =
            Set.of("run.succeeded", "run.failed", "run.cancelled", "run.attempt_failed");
    private static final Set<String> FINAL = Set.of("success", "error", "cancelled");

    /**
     * Reads the data of an event.
     *
     * @param json the data, or the whole event in structured mode
     * @return empty if it tells neither of a run that runs nor of a run that has ended, or only repeats what another command's event tells
     * @throws IOException it is no event of the relay
     */
    public static Optional<ToldRun> read(byte[] json, boolean isStructured) throws IOException {
        JsonNode value = JSON.readTree(json);
        JsonNode data = isStructured ? value.path("data") : value;
        if (!data.isObject()) {
            throw new IOException("no event");
        }
        String type = data.path("type").asText();
        boolean ended = ENDS.contains(type);
        String status = data.path("status").asText();
        if (!(ended ? FINAL.contains(status) : type.equals("run.running"))
                || !data.path("run_id").isIntegralNumber()
                || !data.path("account_id").isIntegralNumber()
                || !data.path("job_id").isIntegralNumber()
                || data.hasNonNull("coalesced_into")) {
            return Optional.empty();
        }
        @Nullable Instant observed = time(data, "observed_at");
        if (observed == null) {
            throw new IOException("an event without a time");
        }
        return Optional.of(new ToldRun(
                ended ? Happening.ENDED : Happening.RUNS,
                data.path("command_id").asText(),
                data.path("connection").asText(),
                data.path("account_id").longValue(),
                number(data, "project_id"),
                number(data, "environment_id"),
                data.path("job_id").longValue(),
                text(data, "job_name"),
                data.path("run_id").longValue(),
                text(data, "run_url"),
                status,
                data.path("previous_status").asText().equals("running"),
                text(data, "git_branch"),
                text(data, "git_sha"),
                text(data, "dbt_version"),
                text(data, "engine"),
                time(data, "created_at"),
                time(data, "started_at"),
                time(data, "finished_at"),
                error(data),
                observed,
                Caller.in(data.path("context")),
                tags(data)));
    }

    /** When it began to run; if it never did, when it was made. */
    public Instant begun() {
        return startedAt != null ? startedAt : createdAt != null ? createdAt : observedAt;
    }

    /** When it ended, or was seen to have. */
    public Instant ended() {
        return finishedAt == null ? observedAt : finishedAt;
    }

    private static Map<String, String> tags(JsonNode data) {
        Map<String, String> tags = new LinkedHashMap<>();
        tag(tags, "project", data, "project_name");
        tag(tags, "environment", data, "environment_name");
        tag(tags, "environment_type", data, "environment_type");
        tag(tags, "job_type", data, "job_type");
        tag(tags, "cause_category", data, "cause_category");
        return tags;
    }

    private static void tag(Map<String, String> tags, String key, JsonNode data, String field) {
        @Nullable String value = text(data, field);
        if (value != null) {
            tags.put(key, value);
        }
    }

    /** The first message of a failed node, else dbt Cloud's words, else the step. */
    private static @Nullable String error(JsonNode data) {
        for (JsonNode node : data.path("failure").path("nodes")) {
            @Nullable String message = text(node, "message");
            if (message != null) {
                return message;
            }
        }
        @Nullable String message = text(data, "status_message");
        @Nullable String step = text(data.path("failure").path("step"), "name");
        return message != null ? message : step == null ? null : "step '" + step + "' failed";
    }

    private static @Nullable String text(JsonNode data, String field) {
        JsonNode value = data.path(field);
        return value.isTextual() && !value.textValue().isBlank() ? value.textValue() : null;
    }

    private static @Nullable Long number(JsonNode data, String field) {
        JsonNode value = data.path(field);
        return value.isIntegralNumber() ? Long.valueOf(value.longValue()) : null;
    }

    private static @Nullable Instant time(JsonNode data, String field) {
        @Nullable String text = text(data, field);
        try {
            return text == null ? null : Instant.parse(text);
        } catch (DateTimeParseException e) {
            return null;
        }
    }
}

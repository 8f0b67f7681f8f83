package org.dbtrelay.dbtcloud.webhook;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.Set;
import org.dbtrelay.dbtcloud.http.Envelope.UnreadableAnswer;
import org.jspecify.annotations.Nullable;

/**
 * A webhook subscription of an account, as dbt Cloud's API v3 shows it.
 *
 * @param id {@code wsu_…}
 * @param description empty if it has none
 * @param jobIds the jobs whose runs it is about; empty: all jobs
 * @param clientUrl the address that dbt Cloud calls
 * @param deactivateReason why dbt Cloud, or a person, has deactivated it; null: it does not say
 */
public record Subscription(
        String id,
        String description,
        Set<String> jobIds,
        Set<String> eventTypes,
        String clientUrl,
        boolean isActive,
        @Nullable String deactivateReason) {

    public Subscription {
        jobIds = Set.copyOf(jobIds);
        eventTypes = Set.copyOf(eventTypes);
    }

    /** Reads a row. The ids of jobs were texts in dbt Cloud's old service, and are numbers now. */
    static Subscription of(JsonNode row) throws UnreadableAnswer {
        if (!row.path("id").isTextual()) {
            throw new UnreadableAnswer("a webhook subscription without an id");
        }
        String reason = row.path("deactivate_reason").asText("");
        return new Subscription(
                row.path("id").textValue(),
                row.path("description").asText(""),
                texts(row.path("job_ids")),
                texts(row.path("event_types")),
                row.path("client_url").asText(""),
                row.path("active").asBoolean(),
                reason.isBlank() || reason.equals("null") ? null : reason);
    }

    private static Set<String> texts(JsonNode values) {
        Set<String> texts = new HashSet<>();
        values.forEach(value -> texts.add(value.asText()));
        return texts;
    }
}

package org.dbtrelay.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One subscription, and the events that were sent to it. */
final class WebhookSubscription {

    /** With only failures for so long it is deactivated, however few they are. */
    private static final Duration LONGEST_FAILING = Duration.ofDays(7);

    private final String id;
    private final long accountId;
    private final String secret;
    private final String createdAt;
    private final List<ObjectNode> events = new ArrayList<>();
    private ObjectNode wanted;
    private String updatedAt;
    private String lastCode = "0";
    private String dispatchedAt = "";
    private int failures;
    private @Nullable Instant failingSince;
    private @Nullable String deactivateReason;

    WebhookSubscription(String id, long accountId, String secret, ObjectNode wanted, String now) {
        this.id = id;
        this.accountId = accountId;
        this.secret = secret;
        this.wanted = wanted;
        this.createdAt = now;
        this.updatedAt = now;
    }

    String id() {
        return id;
    }

    long accountId() {
        return accountId;
    }

    String secret() {
        return secret;
    }

    synchronized String name() {
        return wanted.path("name").asText();
    }

    synchronized String url() {
        return wanted.path("client_url").asText();
    }

    synchronized void change(ObjectNode fresh, String now) {
        wanted = fresh;
        updatedAt = now;
        if (isActive()) {
            recovered();
        }
    }

    private void recovered() {
        failures = 0;
        failingSince = null;
        deactivateReason = null;
    }

    synchronized boolean isActive() {
        return wanted.path("active").asBoolean();
    }

    /** Whether it is active and about such an event of such a run; an empty list of jobs means all. */
    synchronized boolean wants(String type, RunView run) {
        return isActive()
                && run.job().accountId() == accountId
                && has("event_types", type)
                && (wanted.path("job_ids").isEmpty() || has("job_ids", Long.toString(run.jobId())));
    }

    private boolean has(String field, String value) {
        for (JsonNode item : wanted.path(field)) {
            if (item.asText().equals(value)) {
                return true;
            }
        }
        return false;
    }

    /** The event was taken, or not: dbt Cloud deactivates a subscription whose deliveries fail again and again. */
    synchronized void delivered(ObjectNode event, int code, Instant now, int patience) {
        events.add(event);
        lastCode = Integer.toString(code);
        dispatchedAt = Long.toString(now.toEpochMilli() * 1000);
        if (code / 100 == 2) {
            recovered();
            return;
        }
        failures++;
        failingSince = failingSince == null ? now : failingSince;
        if (isActive() && failures >= patience) {
            deactivate(failures + " deliveries in a row have failed");
        } else if (isActive() && Duration.between(failingSince, now).compareTo(LONGEST_FAILING) >= 0) {
            deactivate("all deliveries of 7 days have failed");
        }
    }

    private void deactivate(String reason) {
        wanted = wanted.deepCopy().put("active", false);
        deactivateReason = reason;
    }

    synchronized List<ObjectNode> events() {
        return List.copyOf(events);
    }

    synchronized ObjectNode json() {
        ObjectNode json = Envelope.object();
        json.put("id", id);
        json.put("account_identifier", "act_" + accountId);
        json.put("name", name());
        json.put("description", wanted.path("description").asText(""));
        json.putArray("job_ids");
        wanted.path("job_ids").forEach(job -> json.withArray("job_ids").add(job.asLong()));
        json.set("event_types", wanted.path("event_types"));
        json.put("client_url", url());
        json.put("active", isActive());
        json.put("created_at", createdAt);
        json.put("updated_at", updatedAt);
        json.put("dispatched_at", dispatchedAt);
        json.put("account_id", accountId);
        json.put("http_status_code", lastCode);
        json.put("deactivate_reason", deactivateReason);
        return json;
    }
}

package org.dbtrelay.dbtcloud.webhook;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.dbtrelay.dbtcloud.http.Envelope;
import org.jspecify.annotations.Nullable;

/**
 * The webhook subscription that the relay looks after for one connection, and what has to be done to have it. It is about all jobs
 * of the account and all of dbt Cloud's events.
 *
 * @param name as people see it in dbt Cloud
 * @param mark stands in the description: only a subscription with it was made by this deployment for this connection
 * @param url the address that dbt Cloud calls
 */
public record WantedSubscription(String name, String mark, URI url) {

    /** All that dbt Cloud tells of (documentation: "Webhooks for your jobs"). */
    private static final Set<String> EVENTS = Set.of("job.run.started", "job.run.completed", "job.run.errored");

    /** For one connection of a deployment. */
    public static WantedSubscription of(String deployment, String connection, URI url) {
        return new WantedSubscription(
                "dbt-cloud-relay " + deployment + "/" + connection,
                "[relay:" + deployment + "/" + connection + "]",
                url);
    }

    /**
     * What has to be done.
     *
     * @param step about the one subscription that stays
     * @param superfluous others that this deployment has made; to be deleted
     */
    public record Plan(Step step, List<Subscription> superfluous) {
        public Plan {
            superfluous = List.copyOf(superfluous);
        }
    }

    /** What has to be done about the one subscription. */
    public sealed interface Step {
        /** Nothing. */
        record Keep(Subscription subscription) implements Step {}

        /** It has to be made: there is none, or none whose secret is known. */
        record Create() implements Step {}

        /** It is not as it should be. */
        record Change(Subscription subscription) implements Step {}
    }

    /**
     * Compares what is there with what is wanted. Subscriptions of others are left alone.
     *
     * @param all those of the account
     * @param known the id of the one whose secret is known; null: none
     */
    public Plan plan(List<Subscription> all, @Nullable String known) {
        Step step = new Step.Create();
        List<Subscription> superfluous = new ArrayList<>();
        for (Subscription found : all) {
            if (found.id().equals(known)) {
                step = isAsWanted(found) ? new Step.Keep(found) : new Step.Change(found);
            } else if (found.description().contains(mark)) {
                superfluous.add(found);
            }
        }
        return new Plan(step, superfluous);
    }

    private boolean isAsWanted(Subscription found) {
        return found.isActive()
                && found.jobIds().isEmpty()
                && found.eventTypes().equals(EVENTS)
                && found.clientUrl().equals(url.toString())
                && found.description().contains(mark);
    }

    /** The body that creates or changes it. */
    byte[] json() {
        ObjectNode body = Envelope.JSON.createObjectNode();
        body.put("name", name);
        body.put("description", "Made and looked after by dbt-cloud-relay. " + mark);
        body.putArray("job_ids");
        ArrayNode events = body.putArray("event_types");
        new TreeSet<>(EVENTS).forEach(events::add);
        body.put("client_url", url.toString());
        body.put("active", true);
        try {
            return Envelope.JSON.writeValueAsBytes(body);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree has JSON", e);
        }
    }
}

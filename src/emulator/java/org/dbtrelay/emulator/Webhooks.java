package org.dbtrelay.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Webhook subscriptions, their calls, and what is sent to them. Cancelled runs send nothing: what dbt Cloud does for them
 * is not known.
 */
final class Webhooks {
    private static final Set<String> EVENTS = Set.of("job.run.started", "job.run.completed", "job.run.errored");

    private final World world;
    private final RunLife life;
    private final Clock clock;
    private final WebhookSender sender;
    private final Map<String, WebhookSubscription> subscriptions = new LinkedHashMap<>();
    /** Runs that have ended and wait for their artifacts; only then {@code completed} is sent. */
    private final List<RunView> ended = new ArrayList<>();

    private long count;

    Webhooks(World world, RunLife life, Clock clock, WebhookSender sender) {
        this.world = world;
        this.life = life;
        this.clock = clock;
        this.sender = sender;
    }

    Answer answer(Request request) {
        return switch (request.endpoint()) {
            case LIST_WEBHOOKS -> list(request);
            case CREATE_WEBHOOK -> create(request);
            case GET_WEBHOOK -> framed(200, subscription(request).json());
            case UPDATE_WEBHOOK -> update(request);
            case DELETE_WEBHOOK -> delete(request);
            case TEST_WEBHOOK -> test(request);
            case LIST_WEBHOOK_EVENTS -> events(request);
            case Endpoint other -> throw new IllegalArgumentException("Not about webhooks: " + other);
        };
    }

    /** Sends what has happened since the last call; called again and again by a timer. */
    synchronized void tick() {
        if (subscriptions.isEmpty()) {
            return;
        }
        for (RunView run : life.untold()) {
            switch (run.status()) {
                case RUNNING -> send("job.run.started", run);
                case SUCCESS -> ended.add(run);
                case ERROR -> {
                    send("job.run.errored", run);
                    ended.add(run);
                }
                case QUEUED, STARTING, CANCELLED -> {
                    // Nobody is told of these.
                }
            }
        }
        Instant now = clock.instant();
        List<RunView> complete = ended.stream()
                .filter(run -> run.finishedAt() != null
                        && !now.isBefore(run.finishedAt().plus(run.plan().artifactsSavedAfter())))
                .toList();
        ended.removeAll(complete);
        complete.forEach(run -> send("job.run.completed", run));
    }

    private void send(String type, RunView run) {
        for (WebhookSubscription subscription : subscriptions.values()) {
            if (subscription.wants(type, run)) {
                String event = "wev_" + ++count;
                ObjectNode body = WebhookPayload.of(event, type, subscription, run, world, clock.instant());
                sender.send(subscription, event, type, Long.toString(run.jobId()), Envelope.bytes(body));
            }
        }
    }

    private synchronized Answer list(Request request) {
        long account = request.id("account");
        List<ObjectNode> all = subscriptions.values().stream()
                .filter(subscription -> subscription.accountId() == account)
                .map(WebhookSubscription::json)
                .toList();
        Values values = Parameters.check(request);
        int limit = request.query().has("limit") ? values.limit() : 10;
        List<ObjectNode> page = all.stream().skip(values.offset()).limit(limit).toList();
        ObjectNode body = Envelope.object();
        body.putArray("data").addAll(page);
        body.putObject("status").put("code", 200);
        ObjectNode extra = body.putObject("extra");
        extra.putObject("pagination").put("total_count", all.size()).put("count", page.size());
        extra.putObject("filters").put("offset", values.offset()).put("limit", limit);
        return Envelope.answer(200, body);
    }

    private synchronized Answer create(Request request) {
        ObjectNode wanted = body(request);
        // What has happened so far is not for the new one.
        life.untold();
        String id = "wsu_" + ++count;
        WebhookSubscription subscription =
                new WebhookSubscription(id, request.id("account"), "secret-of-" + id, wanted, micros());
        subscriptions.put(id, subscription);
        ObjectNode json = subscription.json();
        json.put("hmac_secret", subscription.secret());
        return framed(201, json);
    }

    private synchronized Answer update(Request request) {
        WebhookSubscription subscription = subscription(request);
        subscription.change(body(request), micros());
        return framed(200, subscription.json());
    }

    private synchronized Answer delete(Request request) {
        WebhookSubscription subscription = subscription(request);
        subscriptions.remove(subscription.id());
        ObjectNode body = Envelope.object();
        body.putObject("data").put("id", subscription.id());
        body.putObject("status").put("code", 200).put("is_success", true);
        return Envelope.answer(200, body);
    }

    private synchronized Answer test(Request request) {
        WebhookSubscription subscription = subscription(request);
        String event = "wev_" + ++count;
        ObjectNode body = WebhookPayload.test(event, subscription, clock.instant());
        sender.send(subscription, event, "job.run.started", "123", Envelope.bytes(body));
        return framed(200, Envelope.object().put("event_id", event));
    }

    private synchronized Answer events(Request request) {
        ArrayNode events = Envelope.array();
        subscription(request).events().forEach(events::add);
        return framed(200, events);
    }

    private synchronized WebhookSubscription subscription(Request request) {
        WebhookSubscription found = subscriptions.get(request.variables().get("subscription"));
        if (found == null || found.accountId() != request.id("account")) {
            throw Refusal.notFound();
        }
        return found;
    }

    private String micros() {
        Instant now = clock.instant();
        return Long.toString(
                TimeUnit.SECONDS.toMicros(now.getEpochSecond()) + TimeUnit.NANOSECONDS.toMicros(now.getNano()));
    }

    private static ObjectNode body(Request request) {
        JsonNode tree;
        try {
            tree = Envelope.MAPPER.readTree(request.body());
        } catch (IOException e) {
            throw Refusal.invalid("The request's body is not JSON");
        }
        if (!(tree instanceof ObjectNode wanted)) {
            throw Refusal.invalid("The request's body is not a JSON object");
        }
        for (String field : List.of("name", "event_types", "client_url", "active")) {
            if (!wanted.hasNonNull(field)) {
                throw Refusal.badValue(field, "'" + field + "' is a required property");
            }
        }
        if (!wanted.path("client_url").asText().matches("https?://[^ /]+(/[^ ]*)?")) {
            throw Refusal.badValue("client_url", "'" + wanted.path("client_url").asText() + "' is not a URL");
        }
        for (JsonNode type : wanted.path("event_types")) {
            if (!EVENTS.contains(type.asText())) {
                throw Refusal.badValue("event_types", "'" + type.asText() + "' is not an event type");
            }
        }
        if (wanted.path("event_types").isEmpty()) {
            throw Refusal.badValue("event_types", "[] is too short");
        }
        return wanted;
    }

    private static Answer framed(int code, JsonNode data) {
        ObjectNode body = Envelope.object();
        body.set("data", data);
        body.putObject("status").put("code", code);
        return Envelope.answer(code, body);
    }
}

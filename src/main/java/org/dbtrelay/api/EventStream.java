package org.dbtrelay.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import org.dbtrelay.config.Monotonic;
import org.jspecify.annotations.Nullable;

/**
 * The events of a command as server-sent events, from now on or from where a reader had been, until nothing more comes. Each
 * stream is a virtual thread that asks again and again as any client could; so it works of any instance, also while the
 * command's partition moves.
 */
@Singleton
class EventStream {

    static final String MEDIA_TYPE = "text/event-stream";
    private static final int MOST = 100;

    /** A comment after so long says that both are still there. */
    private static final Duration HEARTBEAT = Duration.ofSeconds(10);

    /** A reader that takes nothing for so long is gone. */
    private static final Duration SLOW = Duration.ofSeconds(30);

    private static final Duration PAUSE = Duration.ofSeconds(1);

    /** So long nobody may have the command. */
    private static final Duration MOVING = Duration.ofMinutes(1);

    /** Then it has to connect again, which browsers do by themselves. */
    private static final Duration LONGEST = Duration.ofHours(1);

    private final CommandNews news;
    private final Monotonic time;
    private final ObjectMapper json;
    private final ObjectReader exact;
    private final Semaphore open = new Semaphore(MOST);

    EventStream(CommandNews news, Monotonic time, ObjectMapper json) {
        this.news = news;
        this.time = time;
        this.json = json;
        this.exact = json.reader()
                .with(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                .without(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES);
    }

    /**
     * The stream; a problem, if there is no such command.
     *
     * @param last the number of the last event that the reader has; -1: none
     */
    Response of(String commandId, int last, RoutingContext request) {
        if (!open.tryAcquire()) {
            return Problem.response(
                    Response.Status.SERVICE_UNAVAILABLE, "as many streams of events are open here as may; ask later");
        }
        AtomicBoolean released = new AtomicBoolean();
        Runnable release = () -> {
            if (released.compareAndSet(false, true)) {
                open.release();
            }
        };
        // A reader may go away before the stream begins.
        request.addEndHandler(_ -> release.run());
        Response first = news.await(commandId, new Wait(Duration.ZERO, null), false);
        if (first.getStatus() != Response.Status.OK.getStatusCode()
                || request.response().closed()) {
            release.run();
            return first;
        }
        return Response.ok((StreamingOutput) out -> {
                    try {
                        new Stream(commandId, last, request, out).run();
                    } finally {
                        release.run();
                    }
                })
                .type(MEDIA_TYPE)
                .header(HttpHeaders.CACHE_CONTROL, "no-store")
                .header("X-Accel-Buffering", "no")
                .build();
    }

    private final class Stream {

        private final String commandId;
        private final RoutingContext request;
        private final OutputStream out;
        private final long began = time.nanos();
        private int last;

        Stream(String commandId, int last, RoutingContext request, OutputStream out) {
            this.commandId = commandId;
            this.last = last;
            this.request = request;
            this.out = out;
        }

        void run() throws IOException {
            long found = began;
            while (!news.isStopping() && !request.response().closed() && time.nanos() - began < LONGEST.toNanos()) {
                Response answer = news.await(commandId, new Wait(HEARTBEAT, last), false);
                @Nullable
                JsonNode state = answer.getStatus() == Response.Status.OK.getStatusCode() ? read(answer) : null;
                StringBuilder text = new StringBuilder();
                if (state != null) {
                    found = time.nanos();
                    add(state, text);
                }
                if (text.isEmpty()) {
                    text.append(": ")
                            .append(state == null ? "no instance has the command now" : "nothing new")
                            .append("\n\n");
                }
                write(text.toString());
                if (state != null && state.path("state").asText().equals("finished")) {
                    return;
                }
                if (state == null && !goOn(found)) {
                    return;
                }
            }
        }

        /** Its partition may be on its way to another instance; or it is forgotten. */
        private boolean goOn(long found) {
            try {
                time.pause(PAUSE);
                return time.nanos() - found < MOVING.toNanos();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }

        private @Nullable JsonNode read(Response answer) {
            try {
                return answer.getEntity() instanceof String body
                        ? exact.readTree(body)
                        : exact.readTree(json.writeValueAsString(answer.getEntity()));
            } catch (JsonProcessingException e) {
                return null;
            }
        }

        private void add(JsonNode state, StringBuilder text) {
            for (JsonNode event : state.path("events")) {
                int sequence = event.path("sequence").asInt();
                if (sequence > last) {
                    remembered(state, sequence - 1, text);
                    event(sequence, event.path("type").asText(), event, text);
                }
            }
            remembered(state, state.path("events_told").asInt() - 1, text);
        }

        /** Events that nobody has in memory any more. Their types and times are in the ledger, the rest is on their topics. */
        private void remembered(JsonNode state, int to, StringBuilder text) {
            for (JsonNode told : state.path("timeline")) {
                int sequence = told.path("sequence").asInt();
                if (sequence > last && sequence <= to) {
                    gap(sequence - 1, text);
                    ObjectNode part = json.createObjectNode();
                    part.put("command_id", commandId);
                    part.put("sequence", sequence);
                    part.set("type", told.path("type"));
                    part.set("observed_at", told.path("at"));
                    part.put("partial", true);
                    event(sequence, told.path("type").asText(), part, text);
                }
            }
            gap(to, text);
        }

        private void gap(int to, StringBuilder text) {
            if (to > last) {
                event(to, "gap", json.createObjectNode().put("from", last + 1).put("to", to), text);
            }
        }

        private void event(int sequence, String type, JsonNode data, StringBuilder text) {
            text.append("id: ").append(sequence).append("\nevent: ").append(type);
            text.append("\ndata: ").append(data).append("\n\n");
            last = sequence;
        }

        /** Ends the connection of a reader that takes nothing; the write would wait for ever. */
        private void write(String text) throws IOException {
            AtomicBoolean done = new AtomicBoolean();
            time.after(SLOW, () -> {
                if (!done.get()) {
                    var _ = request.request().connection().close();
                }
            });
            out.write(text.getBytes(StandardCharsets.UTF_8));
            out.flush();
            done.set(true);
        }
    }
}

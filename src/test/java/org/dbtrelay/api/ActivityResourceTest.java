package org.dbtrelay.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import jakarta.ws.rs.ProcessingException;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.dbtrelay.api.ActivityPage.ActivityMinute;
import org.dbtrelay.metrics.Activity;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.Test;

/** The last hour of all instances together, and whose is missing. */
class ActivityResourceTest {

    private static final ObjectMapper JSON = new ObjectMapper()
            .registerModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS);
    private static final Instant NOON = Instant.parse("2026-11-29T12:00:00Z");
    private static final URI BUSY = URI.create("http://10.0.0.1:8080");
    private static final URI OLD = URI.create("http://10.0.0.2:8080");
    private static final URI SILENT = URI.create("http://10.0.0.3:8080");

    @Test
    void addsWhatTheOthersTellAndNamesWhoDoesNot() {
        ActivityPage other = new ActivityPage(
                List.of(
                        new ActivityMinute(NOON.minusSeconds(60), 2, 1, 1, 1, 400, 400),
                        new ActivityMinute(NOON, 5, 4, 3, 2, 100, 60),
                        // Its clock is ahead.
                        new ActivityMinute(NOON.plusSeconds(60), 9, 9, 9, 9, 9, 9)),
                List.of());
        ActivityResource resource = resource(Map.of(BUSY, other, OLD, "{\"status\": 404}"), List.of(BUSY, OLD, SILENT));

        ActivityPage page = resource.lastHour(null);

        assertThat(page.minutes())
                .hasSize(Activity.MINUTES)
                .endsWith(
                        new ActivityMinute(NOON.minusSeconds(60), 2, 1, 1, 1, 400, 400),
                        new ActivityMinute(NOON, 5, 4, 3, 2, 100, 60));
        assertThat(page.incomplete())
                .containsExactly(SILENT + ": it did not answer", OLD + ": its answer cannot be read");
    }

    @Test
    void asksNobodyForItselfAlone() {
        ActivityPage page = resource(Map.of(), List.of(SILENT)).lastHour("instance");

        assertThat(page.minutes()).hasSize(Activity.MINUTES);
        assertThat(page.incomplete()).isEmpty();
    }

    private static ActivityResource resource(Map<URI, Object> answers, List<URI> others) {
        InstanceApi api = ScriptedInstances.answering((instance, query) -> answer(answers.get(URI.create(instance))));
        return new ActivityResource(
                new Activity(HandTurnedClock.at(NOON.plusSeconds(30))),
                new OtherInstances(() -> others, api, api),
                JSON);
    }

    private static Response answer(Object answer) {
        return switch (answer) {
            case null -> throw new ProcessingException("nobody listens");
            case String problem -> Response.status(404).entity(problem).build();
            default -> Response.ok(json(answer)).build();
        };
    }

    private static String json(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}

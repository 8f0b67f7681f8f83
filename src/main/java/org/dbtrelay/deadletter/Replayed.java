package org.dbtrelay.deadletter;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.io.IOException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * That a dead letter was sent again: a record of the control topic.
 *
 * @param topicId Kafka's id of the dead-letter topic, so that it says nothing of one that is made anew
 * @param at when
 * @param by the name of the API key; null: the API is open, and nobody knows
 * @param mended whether with another value
 * @param partition of the commands topic to which it was sent
 * @param offset in it
 * @param commandId of the command that it is
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record Replayed(
        int version,
        String topicId,
        Instant at,
        @Nullable String by,
        boolean mended,
        int partition,
        long offset,
        String commandId) {

    static final int VERSION = 1;

    private static final JsonMapper JSON = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .build();

    byte[] bytes() {
        try {
            return JSON.writeValueAsBytes(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a record of the control topic has no JSON", e);
        }
    }

    static Replayed of(byte[] bytes) throws IOException {
        return JSON.readValue(bytes, Replayed.class);
    }
}

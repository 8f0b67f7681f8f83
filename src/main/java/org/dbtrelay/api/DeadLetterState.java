package org.dbtrelay.api;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.Locale;
import org.dbtrelay.deadletter.Letter;
import org.dbtrelay.deadletter.Replayed;
import org.jspecify.annotations.Nullable;

/**
 * A dead letter, over HTTP.
 *
 * @param partition of the dead-letter topic
 * @param time when it was put aside
 * @param key as text, in a list its first bytes; null: it has none, or is no text and is in {@code keyBase64}
 * @param value as text; null as for the key
 * @param valueSize how many bytes it has
 * @param valueCut whether only its first bytes are here
 * @param missing what the dead-letter topic did not take: value, or key (and headers); null: nothing
 * @param replayedAt when it was replayed; null: it was not, or it is not known
 * @param replayedAs the id of the command that it became
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record DeadLetterState(
        int partition,
        long offset,
        Instant time,
        @Nullable String reason,
        @Nullable String message,
        @Nullable String sourceTopic,
        @Nullable Integer sourcePartition,
        @Nullable Long sourceOffset,
        @Nullable String key,
        @Nullable String keyBase64,
        @Nullable String value,
        @Nullable String valueBase64,
        int valueSize,
        boolean valueCut,
        @Nullable String missing,
        @Nullable Instant replayedAt,
        @Nullable String replayedBy,
        @Nullable Boolean mended,
        @Nullable String replayedAs) {

    /** Of a character that is cut: so many bytes are left at most. */
    private static final int HALF_A_CHARACTER = 3;

    static DeadLetterState of(Letter letter, @Nullable Replayed replayed) {
        Letter.@Nullable Source source = letter.source();
        byte @Nullable [] value = letter.value();
        boolean cut = value != null && value.length < letter.size();
        @Nullable String key = text(letter.key(), letter.keyIsCut());
        @Nullable String text = text(value, cut);
        return new DeadLetterState(
                letter.place().partition(),
                letter.place().offset(),
                letter.time(),
                letter.reason(),
                letter.message(),
                source == null ? null : source.topic(),
                source == null ? null : source.partition(),
                source == null ? null : source.offset(),
                key,
                key == null ? base64(letter.key()) : null,
                text,
                text == null ? base64(value) : null,
                letter.size(),
                cut,
                letter.missing() == null ? null : letter.missing().name().toLowerCase(Locale.ROOT),
                replayed == null ? null : replayed.at(),
                replayed == null ? null : replayed.by(),
                replayed == null ? null : replayed.mended(),
                replayed == null ? null : replayed.commandId());
    }

    private static @Nullable String base64(byte @Nullable [] bytes) {
        return bytes == null ? null : Base64.getEncoder().encodeToString(bytes);
    }

    /** The text that the bytes are; null: they are none. */
    private static @Nullable String text(byte @Nullable [] bytes, boolean cut) {
        if (bytes == null) {
            return null;
        }
        // Without all of its bytes nothing is left that could be a text.
        int mostOff = cut ? Math.min(HALF_A_CHARACTER, bytes.length - 1) : 0;
        @Nullable String text = text(ByteBuffer.wrap(bytes));
        for (int off = 1; text == null && off <= mostOff; off++) {
            text = text(ByteBuffer.wrap(bytes, 0, bytes.length - off));
        }
        return text;
    }

    private static @Nullable String text(ByteBuffer bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }
}

package org.dbtrelay.api;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A page of the dead letters.
 *
 * @param data newest first; may be fewer than asked for, or none, and there are more all the same
 * @param nextCursor to ask for the next page; null after the last
 * @param note why it is not known which of them were replayed; null: it is
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record DeadLetterPage(
        List<DeadLetterState> data,
        @Nullable String nextCursor,
        @Nullable String note) {}

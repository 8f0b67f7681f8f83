package org.dbtrelay.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A page of a list of commands.
 *
 * @param data the commands, newest first, without their events
 * @param nextCursor to ask for the next page; null after the last
 * @param incomplete what may be missing: a line for each instance that did not answer, and for each partition that nobody who
 *     answered serves; empty: nothing is
 * @param partitions those whose commands are in the list; only in the answer of one instance
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record CommandPage(
        List<CommandState> data,
        @Nullable String nextCursor,
        List<String> incomplete,

        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Set<Integer> partitions) {}

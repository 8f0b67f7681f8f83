package org.dbtrelay.api;

import jakarta.ws.rs.core.UriInfo;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.dbtrelay.run.command.Origin;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.jspecify.annotations.Nullable;

/**
 * The query of a list of commands.
 *
 * @param ofInstance of this instance alone
 * @param state null: all but the finished ones
 * @param after the row before the page; null: this is the first page
 */
record CommandQuery(
        boolean ofInstance,
        @Nullable String state,
        @Nullable Long jobId,
        @Nullable String connection,
        @Nullable Origin origin,
        @Nullable String outcome,
        @Nullable Instant since,
        int limit,
        @Nullable Place after) {

    static final String INSTANCE = "instance";
    private static final String DEPLOYMENT = "deployment";
    static final int LARGEST_PAGE = 1_000;
    private static final String FINISHED = "finished";

    /** The words of all states. */
    static final Set<String> STATES = Set.of(
            "waiting",
            "starting",
            "looking",
            "following",
            "cancelling",
            "judging",
            "retrying",
            "joined",
            "collecting",
            FINISHED);

    private static final Set<String> FILTERS = Set.of("connection", "job_id", "origin", "outcome", "since", "state");

    /** Newest first; commands of the same moment by their ids. */
    static final Comparator<Place> ORDER =
            Comparator.comparing(Place::acceptedAt).reversed().thenComparing(Place::commandId);

    /** The place of a command in the list. */
    record Place(Instant acceptedAt, String commandId) {

        static Place of(RunEntry entry) {
            return new Place(entry.acceptedAt(), entry.commandId());
        }

        String cursor() {
            return Base64.getUrlEncoder()
                    .withoutPadding()
                    .encodeToString((acceptedAt + "|" + commandId).getBytes(StandardCharsets.UTF_8));
        }

        static Place of(String cursor) {
            try {
                String[] parts =
                        new String(Base64.getUrlDecoder().decode(cursor), StandardCharsets.UTF_8).split("\\|", 2);
                return new Place(Instant.parse(parts[0]), parts[1]);
            } catch (DateTimeException | IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
                throw new BadParameter("cursor", "it must be a next_cursor that was given out");
            }
        }
    }

    static CommandQuery of(UriInfo uri) {
        Map<String, String> query = Filters.single(uri, FILTERS, Set.of("limit", "cursor", "scope"));
        @Nullable String job = query.get("job_id");
        @Nullable String limit = query.get("limit");
        @Nullable String cursor = query.get("cursor");
        return new CommandQuery(
                isOfInstance(query.get("scope")),
                oneOf("state", query.get("state"), STATES),
                job == null ? null : Filters.id("job_id", job),
                query.get("connection"),
                origin(query.get("origin")),
                oneOf(
                        "outcome",
                        query.get("outcome"),
                        Arrays.stream(EventType.values())
                                .map(EventType::wireName)
                                .collect(Collectors.toSet())),
                since(query.get("since")),
                limit == null ? LARGEST_PAGE : Filters.limit(limit, LARGEST_PAGE),
                cursor == null ? null : Place.of(cursor));
    }

    static boolean isOfInstance(@Nullable String scope) {
        return INSTANCE.equals(oneOf("scope", scope, Set.of(INSTANCE, DEPLOYMENT)));
    }

    /** The same query, to another instance. */
    Map<String, String> ofInstanceAlone() {
        Map<String, String> query = new LinkedHashMap<>();
        query.put("scope", INSTANCE);
        put(query, "state", state);
        put(query, "job_id", jobId);
        put(query, "connection", connection);
        put(query, "origin", origin == null ? null : origin.wireName());
        put(query, "outcome", outcome);
        put(query, "since", since);
        query.put("limit", Integer.toString(limit));
        put(query, "cursor", after == null ? null : after.cursor());
        return query;
    }

    private static void put(Map<String, String> query, String name, @Nullable Object value) {
        if (value != null) {
            query.put(name, value.toString());
        }
    }

    /** Whether it is about finished commands; those that are not finished are listed apart from them. */
    boolean isOfFinished() {
        return FINISHED.equals(state) || outcome != null;
    }

    boolean wants(RunEntry entry) {
        return (state == null || entry.state().label().equals(state))
                && (jobId == null || jobId.equals(entry.jobId()))
                && (connection == null || connection.equals(entry.connection()))
                && (origin == null || entry.origin() == origin)
                && (outcome == null
                        || (entry.state() instanceof RunState.Finished finished
                                && finished.outcome().wireName().equals(outcome)))
                && (since == null || !entry.acceptedAt().isBefore(since))
                && (after == null || ORDER.compare(Place.of(entry), after) > 0);
    }

    private static @Nullable Origin origin(@Nullable String word) {
        @Nullable
        String known = oneOf(
                "origin",
                word,
                Arrays.stream(Origin.values()).map(Origin::wireName).collect(Collectors.toSet()));
        return Arrays.stream(Origin.values())
                .filter(origin -> origin.wireName().equals(known))
                .findFirst()
                .orElse(null);
    }

    static @Nullable String oneOf(String name, @Nullable String value, Set<String> allowed) {
        if (value != null && !allowed.contains(value)) {
            List<String> sorted = allowed.stream().sorted().toList();
            throw new BadParameter(name, "it must be one of " + String.join(", ", sorted));
        }
        return value;
    }

    private static @Nullable Instant since(@Nullable String text) {
        try {
            return text == null ? null : Instant.parse(text);
        } catch (DateTimeException e) {
            throw new BadParameter("since", "it must be a time such as 2026-11-22T10:00:00Z");
        }
    }
}

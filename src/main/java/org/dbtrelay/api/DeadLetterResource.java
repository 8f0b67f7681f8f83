package org.dbtrelay.api;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.SecurityContext;
import jakarta.ws.rs.core.UriInfo;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.dbtrelay.config.Role;
import org.dbtrelay.dbtcloud.paging.Listing;
import org.dbtrelay.deadletter.DeadLetters;
import org.dbtrelay.deadletter.Letter;
import org.dbtrelay.deadletter.Replayed;
import org.dbtrelay.deadletter.Replays;
import org.dbtrelay.deadletter.Unavailable;
import org.dbtrelay.run.event.DeadLetterReason;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.ParameterIn;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** The dead letters: which there are, and a second try for one. */
@Path("/api/dead-letters")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "dead letters")
public class DeadLetterResource {

    private static final int UNPROCESSABLE = 422;
    private static final Set<String> REASONS = Arrays.stream(DeadLetterReason.values())
            .map(DeadLetterReason::wireName)
            .collect(Collectors.toUnmodifiableSet());

    private final DeadLetters letters;
    private final Replays replays;

    DeadLetterResource(DeadLetters letters, Replays replays) {
        this.letters = letters;
        this.replays = replays;
    }

    /**
     * A dead letter that was sent again, over HTTP.
     *
     * @param sentNow by this request; else before, and nothing was sent now
     * @param commandId the id of the command that it became
     * @param toPartition where it is in the commands topic
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Replay(
            int partition,
            long offset,
            boolean sentNow,
            Instant replayedAt,
            @Nullable String replayedBy,
            boolean mended,
            String commandId,
            int toPartition,
            long toOffset) {

        static Replay of(Letter.Place place, Replayed replayed, boolean now) {
            return new Replay(
                    place.partition(),
                    place.offset(),
                    now,
                    replayed.at(),
                    replayed.by(),
                    replayed.mended(),
                    replayed.commandId(),
                    replayed.partition(),
                    replayed.offset());
        }
    }

    /** What is known of replays; why it is not, else. */
    private record Known(
            Map<Letter.Place, Replayed> all,
            String topicId,
            @Nullable String whyNot) {

        @Nullable
        Replayed of(Letter letter) {
            return Replays.of(all, letter.place(), topicId);
        }
    }

    /** They, newest first. */
    @GET
    @Operation(
            operationId = "listDeadLetters",
            summary = "The dead letters",
            description =
                    "Records of the commands topic that were no commands, newest first, with the first bytes of their"
                            + " values. A page ends after some seconds or some thousand records read, so it can be short,"
                            + " or empty: go on while there is a next_cursor.")
    @Parameter(
            name = "reason",
            in = ParameterIn.QUERY,
            description = "malformed, too_large, expired, id_conflict or misplaced")
    @Parameter(name = "limit", in = ParameterIn.QUERY, description = "Rows of the page, 1 to 100 (default)")
    @Parameter(name = "cursor", in = ParameterIn.QUERY, description = "The next_cursor of the page before")
    @APIResponse(responseCode = "200", description = "The dead letters, and which of them were replayed")
    @APIResponse(responseCode = "400", description = "A parameter is not as it must be; the problem names it")
    @APIResponse(responseCode = "503", description = "Kafka does not answer, or does not let the relay read them")
    public Response all(@Context UriInfo uri) {
        Map<String, String> query = Filters.single(uri, Set.of("reason"), Set.of("limit", "cursor"));
        @Nullable String reason = CommandQuery.oneOf("reason", query.get("reason"), REASONS);
        @Nullable String limit = query.get("limit");
        @Nullable String cursor = query.get("cursor");
        try {
            DeadLetters.Page page = letters.newest(
                    letter -> reason == null || reason.equals(letter.reason()),
                    limit == null ? Listing.LARGEST_PAGE : Filters.limit(limit, Listing.LARGEST_PAGE),
                    cursor == null ? Map.of() : below(cursor));
            Known known = known();
            return Response.ok(new DeadLetterPage(
                            page.letters().stream()
                                    .map(letter -> DeadLetterState.of(letter, known.of(letter)))
                                    .toList(),
                            page.below().isEmpty() ? null : cursor(page.below()),
                            known.whyNot()))
                    .build();
        } catch (Unavailable e) {
            return unavailable(e);
        }
    }

    /** One of them, whole. */
    @GET
    @Path("{partition}/{offset}")
    @Operation(
            operationId = "getDeadLetter",
            summary = "A dead letter",
            description = "One record of the dead-letter topic, with its whole value.")
    @APIResponse(responseCode = "200", description = "The dead letter")
    @APIResponse(responseCode = "503", description = "Kafka does not answer, or does not let the relay read it")
    public Response one(@PathParam("partition") String partition, @PathParam("offset") String offset) {
        try {
            Optional<Letter> found = letters.find(place(partition, offset));
            return found.map(letter -> Response.ok(DeadLetterState.of(letter, known().of(letter)))
                            .build())
                    .orElseGet(DeadLetterResource::notFound);
        } catch (Unavailable e) {
            return unavailable(e);
        }
    }

    /** A second try. */
    @POST
    @Path("{partition}/{offset}/replay")
    @Needs(Role.OPERATOR)
    @Operation(
            operationId = "replayDeadLetter",
            summary = "Send a dead letter again",
            description =
                    "Writes its record to the commands topic again, with the same key and headers; with a body, that is its"
                            + " value. It is checked first as the topic's reader would. Once: whoever asks again, of any"
                            + " instance, gets the first answer, with sent_now false.")
    @RequestBody(
            required = false,
            description = "A mended value, in place of its own; none: its own",
            content = @Content(mediaType = MediaType.APPLICATION_JSON, schema = @Schema(type = SchemaType.OBJECT)))
    @APIResponse(responseCode = "200", description = "It was sent again, now or before")
    @APIResponse(
            responseCode = "422",
            description = "It would be no command again; the problem names the field and the rule. Nothing was sent")
    @APIResponse(responseCode = "503", description = "Kafka did not confirm it; ask again: it is sent once")
    public Response replay(
            @PathParam("partition") String partition,
            @PathParam("offset") String offset,
            byte @Nullable [] body,
            @Context SecurityContext caller) {
        Letter.Place place = place(partition, offset);
        byte @Nullable [] mended = body == null || body.length == 0 ? null : body;
        try {
            return switch (replays.replay(place, Caller.nameOf(caller), mended)) {
                case Replays.Outcome.Done(Replayed replayed, boolean now) ->
                    Response.ok(Replay.of(place, replayed, now)).build();
                case Replays.Outcome.Gone gone -> notFound();
                case Replays.Outcome.Refused(String why) ->
                    Problem.response(UNPROCESSABLE, why, null, null).build();
            };
        } catch (Unavailable e) {
            return unavailable(e);
        }
    }

    private Known known() {
        try {
            return new Known(replays.replayed(), replays.topicId(), null);
        } catch (Unavailable e) {
            return new Known(Map.of(), "", "it is not known which of them were replayed: " + e.getMessage());
        }
    }

    private static Response notFound() {
        return Problem.response(Response.Status.NOT_FOUND, "there is no dead letter at this place, or not any more");
    }

    private static Response unavailable(Unavailable e) {
        return Problem.response(Response.Status.SERVICE_UNAVAILABLE, String.valueOf(e.getMessage()));
    }

    private static Letter.Place place(String partition, String offset) {
        long number = Filters.id("partition", partition);
        if (number > Integer.MAX_VALUE) {
            throw new BadParameter("partition", "it must be a number of a partition");
        }
        return new Letter.Place((int) number, Filters.id("offset", offset));
    }

    private static String cursor(Map<Integer, Long> below) {
        String text = below.entrySet().stream()
                .map(each -> each.getKey() + ":" + each.getValue())
                .collect(Collectors.joining(","));
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static Map<Integer, Long> below(String cursor) {
        Map<Integer, Long> below = new TreeMap<>();
        try {
            String text = new String(Base64.getUrlDecoder().decode(cursor), StandardCharsets.US_ASCII);
            for (String each : text.split(",", -1)) {
                String[] parts = each.split(":", 2);
                below.put(Integer.parseUnsignedInt(parts[0]), Long.parseUnsignedLong(parts[1]));
            }
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            throw new BadParameter("cursor", "it must be a next_cursor that was given out");
        }
        return below;
    }
}

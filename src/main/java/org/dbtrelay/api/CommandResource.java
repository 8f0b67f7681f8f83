package org.dbtrelay.api;

import static org.dbtrelay.metrics.RelayLog.pair;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.SecurityContext;
import jakarta.ws.rs.core.UriInfo;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import org.dbtrelay.command.CommandDecoder;
import org.dbtrelay.command.CommandHeaders;
import org.dbtrelay.command.CommandOutlet;
import org.dbtrelay.command.EventHeaders;
import org.dbtrelay.config.Role;
import org.dbtrelay.flow.CommandViews;
import org.dbtrelay.flow.Destination;
import org.dbtrelay.flow.Destinations;
import org.dbtrelay.ledger.Owners;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.decide.Input;
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

/** Commands over HTTP: send one, see where one stands. */
@Path("/api/commands")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "commands")
public class CommandResource {

    private static final String LAST_EVENT_ID = "Last-Event-ID";
    static final String CLOUD_EVENT = "application/cloudevents+json";
    private static final RelayLog AUDIT = RelayLog.of(RelayLog.AUDIT);
    private static final int LONGEST_KEY = 1_000;

    /** The id of a command that is on its way. */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Accepted(String commandId) {}

    private final CommandDecoder decoder;
    private final Destinations destinations;
    private final CommandOutlet outlet;
    private final Commands commands;
    private final OtherInstances others;
    private final CommandNews news;
    private final EventStream stream;
    private final Owners owners;
    private final Clock clock;

    CommandResource(
            CommandDecoder decoder,
            Destinations destinations,
            CommandOutlet outlet,
            Commands commands,
            OtherInstances others,
            CommandNews news,
            EventStream stream,
            Owners owners,
            Clock clock) {
        this.decoder = decoder;
        this.destinations = destinations;
        this.outlet = outlet;
        this.commands = commands;
        this.others = others;
        this.news = news;
        this.stream = stream;
        this.owners = owners;
        this.clock = clock;
    }

    /** Checks a command as the topic's reader would and puts it on the topic. */
    @POST
    @Needs(Role.SENDER)
    @Consumes({MediaType.APPLICATION_JSON, CLOUD_EVENT})
    @Operation(
            operationId = "sendCommand",
            summary = "Send a command",
            description =
                    "Puts the command on the commands topic, keyed by its job or its run, or beside the command that it"
                            + " names. The answer says that it is on the topic; what becomes of it comes as events.")
    @APIResponse(responseCode = "202", description = "It is on the topic; Location tells where its state is")
    @APIResponse(responseCode = "400", description = "It breaks a rule; the problem names the field and the rule")
    @APIResponse(
            responseCode = "409",
            description = "It names a command that no instance that answers knows; the parameter key would help")
    @APIResponse(responseCode = "503", description = "Kafka did not confirm it; send it again with the same id")
    @RequestBody(
            required = true,
            description =
                    "The JSON of a command, as on the topic; or a CloudEvent 1.0 with it as data, structured or, with"
                            + " ce- headers, binary",
            content = {
                @Content(mediaType = MediaType.APPLICATION_JSON, schema = @Schema(type = SchemaType.OBJECT)),
                @Content(mediaType = CLOUD_EVENT, schema = @Schema(type = SchemaType.OBJECT))
            })
    public Response send(
            byte[] body,
            @Parameter(description = "The record key, if it is not to be the job's or the run's id")
                    @QueryParam("key")
                    @Nullable
                    String key,
            @Context HttpHeaders httpHeaders) {
        if (key != null && (key.isBlank() || key.length() > LONGEST_KEY)) {
            return Problem.response(
                    Response.Status.BAD_REQUEST, "key: must have 1 to " + LONGEST_KEY + " characters, or be absent");
        }
        CommandHeaders headers = EventHeaders.ofRequest(httpHeaders.getRequestHeaders());
        String id = UUID.randomUUID().toString();
        return switch (decoder.decode(body, headers, id, clock.instant())) {
            case Input.CommandReceived(Command.Fit command, var hash, var time, var offset) ->
                sent(command, destinations.of(command, key), decoder.plain(body, headers, command.id()));
            case Input.CommandReceived(Command.Unfit unfit, var hash, var time, var offset) ->
                Problem.response(Response.Status.BAD_REQUEST, unfit.message());
            case Input.NotACommand unreadable ->
                Problem.response(
                        Response.Status.BAD_REQUEST, unreadable.verdict().message());
        };
    }

    private Response sent(Command command, Destination wanted, byte[] value) {
        String tooLarge = decoder.tooLarge(value);
        if (tooLarge != null) {
            return Problem.response(Response.Status.BAD_REQUEST, tooLarge);
        }
        Destination destination = wanted instanceof Destination.Unknown(String target) ? elsewhere(target) : wanted;
        if (destination instanceof Destination.Unknown(String target)) {
            return Problem.response(
                    Response.Status.CONFLICT,
                    "target_command_id: no instance that answers has the command '" + target
                            + "'; give the record key of that command as the query parameter 'key'");
        }
        try {
            outlet.send(command, destination, value);
        } catch (CommandOutlet.NotTaken e) {
            return Problem.response(
                    Response.Status.SERVICE_UNAVAILABLE,
                    e.getMessage() + "; the command may be on its topic all the same, so send it again as command_id '"
                            + command.id() + "'");
        }
        return Response.accepted(new Accepted(command.id()))
                .location(URI.create("/api/commands/" + segment(command.id())))
                .build();
    }

    private Destination elsewhere(String target) {
        OptionalInt partition = commands.partitionElsewhere(target);
        return partition.isPresent()
                ? new Destination.Beside(partition.getAsInt(), target)
                : new Destination.Unknown(target);
    }

    /** The commands, newest first. */
    @GET
    @Operation(
            operationId = "listCommands",
            summary = "The commands of the deployment",
            description =
                    "Newest first, without their events. Without a filter by state or outcome those that have not ended.")
    @Parameter(
            name = "state",
            in = ParameterIn.QUERY,
            description =
                    "waiting, starting, looking, following, cancelling, judging, retrying, joined, collecting or finished")
    @Parameter(name = "job_id", in = ParameterIn.QUERY, description = "Of this job")
    @Parameter(name = "connection", in = ParameterIn.QUERY, description = "Over this connection")
    @Parameter(
            name = "origin",
            in = ParameterIn.QUERY,
            description = "command, or observed for runs that no command has started")
    @Parameter(name = "outcome", in = ParameterIn.QUERY, description = "Finished ones with this outcome")
    @Parameter(name = "since", in = ParameterIn.QUERY, description = "Accepted at this time or later")
    @Parameter(
            name = "scope",
            in = ParameterIn.QUERY,
            description = "deployment (default), or instance: only what the instance that answers has")
    @Parameter(name = "limit", in = ParameterIn.QUERY, description = "Rows of the page, 1 to 1000 (default)")
    @Parameter(name = "cursor", in = ParameterIn.QUERY, description = "The next_cursor of the page before")
    @APIResponse(responseCode = "200", description = "The commands, and what may be missing")
    @APIResponse(responseCode = "400", description = "A parameter is not as it must be; the problem names it")
    public CommandPage all(@Context UriInfo uri) {
        CommandQuery query = CommandQuery.of(uri);
        return query.ofInstance() ? commands.ofInstance(query) : commands.ofDeployment(query);
    }

    /** One command, with the newest of its events. */
    @GET
    @Path("{command_id}")
    @Operation(
            operationId = "getCommand",
            summary = "A command",
            description =
                    "Its state and its last 50 events, also after its end, as long as its id is remembered. With wait it"
                            + " answers when the command has ended, or has told more, or the time is over.")
    @APIResponse(responseCode = "200", description = "Where it stands")
    @APIResponse(responseCode = "404", description = "No instance has a command of this id")
    @APIResponse(
            responseCode = "503",
            description = "An instance that may have it does not answer, or too many requests wait")
    public Response one(
            @PathParam("command_id") String commandId,
            @Parameter(description = "deployment (default), or instance: ask no other one")
                    @QueryParam("scope")
                    @Nullable
                    String scope,
            @Parameter(description = "The longest wait for its end, or for news: PT0S to PT60S, such as PT30S")
                    @QueryParam("wait")
                    @Nullable
                    String wait,
            @Parameter(description = "With wait: answer when it has told events after this sequence; -1 for any")
                    @QueryParam("after")
                    @Nullable
                    String after) {
        boolean ofInstance = CommandQuery.isOfInstance(scope);
        @Nullable Wait waits = Wait.of(wait, after);
        if (waits != null) {
            return news.await(commandId, waits, ofInstance);
        }
        Optional<CommandViews.View> found = commands.here(commandId);
        if (found.isPresent()) {
            return Response.ok(commands.state(found.get(), true)).build();
        }
        return ofInstance ? notHere() : commands.elsewhere(others.command(commandId));
    }

    /** Its events, as they come. */
    @GET
    @Path("{command_id}/events")
    @Produces(MediaType.WILDCARD)
    @Operation(
            operationId = "streamCommandEvents",
            summary = "The events of a command, as they come",
            description =
                    "Server-sent events: the id is the event's sequence, the name its type, the data that of its record."
                            + " Last-Event-ID goes on behind one. An event named gap tells of events that are only on their"
                            + " topics any more. The stream ends after the command has.")
    @Parameter(
            name = LAST_EVENT_ID,
            in = ParameterIn.HEADER,
            description = "The sequence of the last event that the reader has",
            schema = @Schema(type = SchemaType.STRING))
    @APIResponse(responseCode = "404", description = "No instance has a command of this id")
    @APIResponse(
            responseCode = "503",
            description = "An instance that may have it does not answer, or too many streams are open")
    public Response events(
            @PathParam("command_id") String commandId,
            @Context HttpHeaders httpHeaders,
            @Context RoutingContext request) {
        @Nullable String last = httpHeaders.getHeaderString(LAST_EVENT_ID);
        return stream.of(
                commandId, last == null || last.isBlank() ? -1 : Wait.after(LAST_EVENT_ID, last.strip()), request);
    }

    /** The last resort: gives a command up that does not come to its end. */
    @POST
    @Path("{command_id}/end")
    @Needs(Role.OPERATOR)
    @Operation(
            operationId = "endCommand",
            summary = "End a stuck command",
            description =
                    "It ends as run.abandoned with the reason operator. A run that it has goes on in dbt Cloud, and so may one whose start is in doubt. A cancel ends as"
                            + " rejected; of an ended run the artifacts are not waited for any longer.")
    @APIResponse(responseCode = "202", description = "It is being ended; its events, and Location, tell when it has")
    @APIResponse(responseCode = "404", description = "No instance has a command of this id")
    @APIResponse(responseCode = "409", description = "It has ended already")
    @APIResponse(responseCode = "503", description = "An instance that may have it does not answer")
    public Response end(
            @PathParam("command_id") String commandId,
            @Parameter(description = "deployment (default), or instance: ask no other one")
                    @QueryParam("scope")
                    @Nullable
                    String scope,
            @Context SecurityContext caller) {
        Response answer = ended(commandId, CommandQuery.isOfInstance(scope));
        String name = Caller.nameOf(caller);
        // Where a person asks: another instance that is asked for them does not know who it is.
        boolean isOfPerson = name != null || !CommandQuery.isOfInstance(scope);
        if (isOfPerson && answer.getStatus() == Response.Status.ACCEPTED.getStatusCode()) {
            AUDIT.warn(
                    "A person ended a command; its run, if it has one, goes on in dbt Cloud",
                    pair(LogKey.COMMAND_ID, commandId),
                    pair(LogKey.KEY, name));
        }
        return answer;
    }

    private Response ended(String commandId, boolean hereOnly) {
        Optional<CommandViews.View> found = commands.here(commandId);
        if (found.isEmpty() && hereOnly) {
            return notHere();
        }
        if (found.isEmpty()) {
            return commands.elsewhere(others.end(commandId));
        }
        if (!found.get().entry().unfinished()) {
            return Problem.response(Response.Status.CONFLICT, "the command has ended already");
        }
        owners.offer(found.get().partition(), new Input.EndRequested(commandId));
        return Response.accepted(new Accepted(commandId))
                .location(URI.create("/api/commands/" + segment(commandId)))
                .build();
    }

    static Response notHere() {
        return Problem.response(Response.Status.NOT_FOUND, "no partition of this instance has a command of this id");
    }

    private static String segment(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
}

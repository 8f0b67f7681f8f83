package org.dbtrelay.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.dbtrelay.api.OtherInstances.Answer;
import org.dbtrelay.api.OtherInstances.Answers;
import org.dbtrelay.dbtcloud.budget.JobSwitches;
import org.dbtrelay.dbtcloud.budget.ManualSuspension.Switched;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.flow.CommandViews;
import org.dbtrelay.flow.WaitReason;
import org.dbtrelay.ledger.kafka.TopicCheck;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.job.JobOfConnection;
import org.jspecify.annotations.Nullable;

/** The commands of the whole deployment: of this instance's partitions, and of those that other instances serve. */
@Singleton
class Commands {

    private final CommandViews views;
    private final OtherInstances others;
    private final Connections connections;
    private final JobSwitches jobs;
    private final TopicCheck topics;
    private final ObjectMapper json;

    Commands(
            CommandViews views,
            OtherInstances others,
            Connections connections,
            JobSwitches jobs,
            TopicCheck topics,
            ObjectMapper json) {
        this.views = views;
        this.others = others;
        this.connections = connections;
        this.jobs = jobs;
        this.topics = topics;
        this.json = json;
    }

    /** The command, if one of this instance's partitions has it. */
    Optional<CommandViews.View> here(String commandId) {
        return views.find(commandId);
    }

    /** A command of this instance, over HTTP. */
    CommandState state(CommandViews.View view, boolean withEvents) {
        return CommandState.of(view, suspension(view), withEvents);
    }

    /** The suspension that the command waits for the end of; null: it waits for something else. */
    private CommandState.@Nullable Suspension suspension(CommandViews.View view) {
        @Nullable ResolvedCommand resolved = view.entry().resolved();
        @Nullable WaitReason waitsFor = view.waitsFor();
        if (resolved == null || waitsFor == null) {
            return null;
        }
        return switch (waitsFor) {
            case SUSPENDED ->
                resolved.jobId() == null
                        ? null
                        : of(
                                CommandState.Scope.JOB,
                                jobs.all().get(new JobOfConnection(resolved.connection(), resolved.jobId())));
            case DBT_CLOUD ->
                resolved.task().starts()
                        ? of(
                                CommandState.Scope.CONNECTION,
                                connections
                                        .find(resolved.connection())
                                        .flatMap(client ->
                                                client.manualSuspension().switched())
                                        .orElse(null))
                        : null;
            case NEXT_TRY, TURN, SLOT, TARGET, PAUSE, WINDOW, MIN_INTERVAL, LEADER -> null;
        };
    }

    private static CommandState.@Nullable Suspension of(CommandState.Scope scope, @Nullable Switched switched) {
        return switched == null ? null : new CommandState.Suspension(scope, switched);
    }

    /** The answer of the instance that has the command; a problem if none has it, or if one that may have it does not answer. */
    Response elsewhere(Answers answers) {
        return answers.answers().stream()
                .filter(answer -> answer.status() != Response.Status.NOT_FOUND.getStatusCode())
                // An instance that refuses the question may not be the one that has the command.
                .min(Comparator.comparing(answer -> answer.status() >= 300))
                .map(answer -> Response.status(answer.status())
                        .type(answer.contentType())
                        .entity(answer.body())
                        .build())
                .orElseGet(() -> notFound(answers.silent()));
    }

    /** The partition of a command that another instance has; empty: none of those that answer has it. */
    OptionalInt partitionElsewhere(String commandId) {
        return others.command(commandId).answers().stream()
                .filter(answer -> answer.status() == Response.Status.OK.getStatusCode())
                .mapToInt(answer -> tree(answer).path("partition").asInt(-1))
                .filter(partition -> partition >= 0)
                .findFirst();
    }

    private Response notFound(List<URI> silent) {
        if (silent.isEmpty()) {
            return Problem.response(
                    Response.Status.NOT_FOUND,
                    views.partitions().size() < topics.status().partitions() && others.isAlone()
                            ? "no partition of this instance has a command of this id; another instance may have it"
                            : "no instance has a command of this id");
        }
        return Problem.response(
                Response.Status.SERVICE_UNAVAILABLE,
                "no instance that answers has a command of this id; these did not answer: "
                        + silent.stream().map(URI::toString).collect(Collectors.joining(", ")));
    }

    /** A page of the commands of this instance's partitions. */
    CommandPage ofInstance(CommandQuery query) {
        return page(query, rowsHere(query), false, List.of(), views.partitions());
    }

    /** A page of the commands of all partitions. */
    CommandPage ofDeployment(CommandQuery query) {
        Set<Integer> partitions = new TreeSet<>(views.partitions());
        Map<String, CommandState> rows = new TreeMap<>();
        rowsHere(query).forEach(row -> rows.put(row.commandId(), row));
        OtherInstances.Read<CommandPage> read =
                OtherInstances.read(json, others.commands(query.ofInstanceAlone()), CommandPage.class);
        List<String> incomplete = new ArrayList<>();
        boolean more = false;
        for (CommandPage page : read.answers()) {
            if (page.partitions() != null) {
                partitions.addAll(page.partitions());
                more |= page.nextCursor() != null;
                // While a partition moves, two may have it.
                page.data().forEach(row -> rows.putIfAbsent(row.commandId(), row));
            }
        }
        List<String> unserved = IntStream.range(0, topics.status().partitions())
                .filter(partition -> !partitions.contains(partition))
                .mapToObj(Commands::unserved)
                .toList();
        if (!unserved.isEmpty()) {
            incomplete.addAll(read.missing());
            incomplete.addAll(unserved);
        }
        List<CommandState> sorted = rows.values().stream()
                .sorted(Comparator.comparing(CommandState::place, CommandQuery.ORDER))
                .toList();
        return page(query, sorted, more, incomplete, null);
    }

    /** One more than the page has, if there is one: so the page knows that it is not the last. */
    private List<CommandState> rowsHere(CommandQuery query) {
        return views
                .first(
                        query.isOfFinished(),
                        query::wants,
                        Comparator.comparing(CommandQuery.Place::of, CommandQuery.ORDER),
                        query.limit() + 1)
                .stream()
                .map(view -> state(view, false))
                .toList();
    }

    private static CommandPage page(
            CommandQuery query,
            List<CommandState> rows,
            boolean more,
            List<String> incomplete,
            @Nullable Set<Integer> partitions) {
        boolean last = !more && rows.size() <= query.limit();
        List<CommandState> data = rows.size() <= query.limit() ? rows : rows.subList(0, query.limit());
        return new CommandPage(data, last ? null : data.getLast().place().cursor(), incomplete, partitions);
    }

    static String unserved(int partition) {
        return "partition " + partition + ": no instance that answered serves it";
    }

    private JsonNode tree(Answer answer) {
        try {
            return json.readTree(answer.body());
        } catch (JsonProcessingException e) {
            return json.missingNode();
        }
    }
}

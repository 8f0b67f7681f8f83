package org.dbtrelay.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import jakarta.ws.rs.ProcessingException;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.time.Clock;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.budget.JobSwitches;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.flow.CommandViews;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.ledger.kafka.TopicCheck;
import org.junit.jupiter.api.Test;

/** The commands of all instances in one list, and what is said where one of them does not answer. */
class CommandsTest {

    private static final Instant NOW = Instant.parse("2026-11-29T10:00:00Z");
    private static final URI ONE = URI.create("http://one:8080");
    private static final URI TWO = URI.create("http://two:8080");
    private static final ObjectMapper JSON = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .build();

    /** What each instance answers; a null: nothing. */
    private final Map<URI, Object> answers = new LinkedHashMap<>();

    private final Commands commands = commands(3);

    private Commands commands(int partitions) {
        RelayConfig config = TestConnections.config(Map.of());
        TopicCheck topics = new TopicCheck(new KafkaSettings(Map.of(), config), Clock.systemUTC()) {
            @Override
            public Status status() {
                return new Status(List.of(), partitions, true, NOW);
            }
        };
        InstanceApi api = ScriptedInstances.answering(this::answer);
        return new Commands(
                new CommandViews(),
                new OtherInstances(() -> List.copyOf(answers.keySet()), api, api),
                TestConnections.silent(config, Clock.systemUTC()),
                new JobSwitches(),
                topics,
                JSON);
    }

    private Response answer(String instance, Object query) {
        if (query instanceof Map<?, ?> parameters) {
            assertThat(parameters.get("scope"))
                    .as("an asked instance asks nobody")
                    .isEqualTo("instance");
        }
        Object answer = answers.get(URI.create(instance));
        if (answer == null) {
            throw new ProcessingException("nobody listens");
        }
        try {
            return answer instanceof Integer status
                    ? Response.status(status).entity("{}").build()
                    : Response.ok(answer instanceof String text ? text : JSON.writeValueAsString(answer))
                            .type("application/json")
                            .build();
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static CommandState row(String id, int partition, int secondsAgo) {
        return new CommandState(
                id,
                "command",
                partition,
                "following",
                NOW.minusSeconds(secondsAgo),
                "trigger",
                "default",
                1L,
                7L,
                null,
                70L,
                "running",
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                3,
                null,
                null);
    }

    private static CommandPage page(String nextCursor, Set<Integer> partitions, CommandState... rows) {
        return new CommandPage(List.of(rows), nextCursor, List.of(), new TreeSet<>(partitions));
    }

    private static CommandQuery query(int limit) {
        return new CommandQuery(false, null, null, null, null, null, null, limit, null);
    }

    private static Stream<String> ids(CommandPage page) {
        return page.data().stream().map(CommandState::commandId);
    }

    @Test
    void pagesAreOneListWithTheNewestFirst() {
        answers.put(ONE, page(null, Set.of(0, 2), row("new", 0, 1), row("old", 2, 9)));
        answers.put(TWO, page(null, Set.of(1), row("middle", 1, 5)));

        CommandPage all = commands.ofDeployment(query(10));

        assertThat(ids(all)).containsExactly("new", "middle", "old");
        assertThat(all.nextCursor()).isNull();
        assertThat(all.incomplete()).isEmpty();
        assertThat(all.partitions()).as("of an instance's answer only").isNull();
    }

    @Test
    void aPageEndsAtItsLimitAndTheNextBeginsBehindIt() {
        answers.put(ONE, page("more", Set.of(0, 2), row("new", 0, 1), row("old", 2, 9)));
        answers.put(TWO, page(null, Set.of(1), row("middle", 1, 5)));

        CommandPage first = commands.ofDeployment(query(2));
        assertThat(ids(first)).containsExactly("new", "middle");
        assertThat(CommandQuery.Place.of(first.nextCursor()))
                .isEqualTo(new CommandQuery.Place(NOW.minusSeconds(5), "middle"));

        assertThat(commands.ofDeployment(query(3)).nextCursor())
                .as("an instance has more, though the page is not longer than its limit")
                .isNotNull();
    }

    /** While a partition moves, two may have it. */
    @Test
    void aCommandThatTwoInstancesHaveIsThereOnce() {
        answers.put(ONE, page(null, Set.of(0, 1, 2), row("moved", 1, 1)));
        answers.put(TWO, page(null, Set.of(1), row("moved", 1, 1)));

        assertThat(ids(commands.ofDeployment(query(10)))).containsExactly("moved");
    }

    @Test
    void whoIsSilentMattersWhileAPartitionIsMissing() {
        answers.put(ONE, page(null, Set.of(0, 2)));
        answers.put(TWO, null);
        assertThat(commands.ofDeployment(query(10)).incomplete())
                .containsExactly(TWO + ": it did not answer", "partition 1: no instance that answered serves it");

        answers.put(ONE, page(null, Set.of(0, 1, 2)));
        assertThat(commands.ofDeployment(query(10)).incomplete())
                .as("all partitions are served by others")
                .isEmpty();
    }

    @Test
    void aRefusalAndAnAnswerThatNobodyUnderstandsAreNone() {
        answers.put(ONE, 401);
        answers.put(TWO, "[]");

        assertThat(commands.ofDeployment(query(10)).incomplete())
                .containsExactly(
                        ONE + ": it did not answer",
                        TWO + ": its answer cannot be read",
                        "partition 0: no instance that answered serves it",
                        "partition 1: no instance that answered serves it",
                        "partition 2: no instance that answered serves it");
    }

    @Test
    void aCommandIsUnknownOnlyIfAllHaveAnswered() {
        OtherInstances.Answer no = new OtherInstances.Answer(ONE, 404, null, "{}");
        OtherInstances.Answer yes = new OtherInstances.Answer(TWO, 200, "application/json", "{\"partition\": 1}");

        assertThat(commands.elsewhere(new OtherInstances.Answers(List.of(no, yes), List.of()))
                        .getStatus())
                .isEqualTo(200);
        OtherInstances.Answer refuses = new OtherInstances.Answer(ONE, 403, "application/json", "{}");
        assertThat(commands.elsewhere(new OtherInstances.Answers(List.of(refuses, yes), List.of()))
                        .getStatus())
                .as("an instance that refuses does not hide the one that has it")
                .isEqualTo(200);
        assertThat(commands.elsewhere(new OtherInstances.Answers(List.of(no, refuses), List.of()))
                        .getStatus())
                .isEqualTo(403);
        assertThat(commands.elsewhere(new OtherInstances.Answers(List.of(no), List.of()))
                        .getStatus())
                .isEqualTo(404);
        Response unsure = commands.elsewhere(new OtherInstances.Answers(List.of(no), List.of(TWO)));
        assertThat(unsure.getStatus()).isEqualTo(503);
        assertThat(((Problem) unsure.getEntity()).detail()).contains(TWO.toString());
    }

    @Test
    void thePartitionOfACommandIsWhatItsInstanceSays() {
        answers.put(ONE, 404);
        answers.put(TWO, "{\"partition\": 2}");
        assertThat(commands.partitionElsewhere("one")).hasValue(2);

        answers.put(TWO, "no JSON");
        assertThat(commands.partitionElsewhere("one")).isEmpty();
    }
}

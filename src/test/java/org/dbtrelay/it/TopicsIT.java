package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.ReceivedEvent;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Operators and producers repeat commands: by resetting offsets, by making the topic anew, by sending an id again. None runs twice. */
class TopicsIT {

    private static final List<String> OLD =
            IntStream.range(0, 6).mapToObj(i -> "old-" + i).toList();
    private static final String NO_ID = "no-id";
    private static final List<String> AFTER_RESET = List.of("after-reset-0", "after-reset-1", "after-reset-2");
    private static final List<String> AFTER_DELETION =
            List.of("after-deletion-0", "after-deletion-1", "after-deletion-2");
    private static final List<String> UNDER_WAY = List.of("under-way-0", "under-way-1", "under-way-2", "under-way-3");
    private static final List<String> NOT_LOST = List.of("not-lost-0", "not-lost-1");
    private static final List<String> BEFORE_NEW_TOPIC = List.of("first-topic-0", "first-topic-1", "first-topic-2");

    private static RelayStage stage;

    @BeforeAll
    static void start() {
        World world = World.empty()
                .account(World.ACCOUNT_ID, "Jaffle Shop")
                .project("Jaffle Shop")
                .environment("Production");
        List.of(
                        OLD,
                        AFTER_RESET,
                        AFTER_DELETION,
                        BEFORE_NEW_TOPIC,
                        UNDER_WAY,
                        NOT_LOST,
                        List.of("second-topic", "thrice", "two-keys", NO_ID))
                .forEach(ids -> ids.forEach(id -> world.job(EmulatedJob.named(id)
                        .plan(RunPlan.succeeding().taking(Duration.ZERO, Duration.ZERO, Duration.ofSeconds(1))))));
        stage = RelayStage.of(TopicsIT.class, world);
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    @Test
    void offsetsOfTheGroupAreResetOrDeleted() throws Exception {
        Deployment relay = stage.deployment("reset");
        List<String> all = List.of(OLD, AFTER_RESET, AFTER_DELETION).stream()
                .flatMap(List::stream)
                .toList();
        var commands = new OneRunEach(stage.dbtCloud(), relay, all);
        relay.start();
        commands.send(OLD);
        long jobOfNoId = stage.dbtCloud().world().jobNamed(NO_ID).id();
        relay.send(NO_ID, "{\"command\": \"trigger\", \"job_id\": %d}".formatted(jobOfNoId));
        relay.send(NO_ID, "{\"command\": \"trigger\", \"job_id\": \"no number\"}");
        relay.send(NO_ID, "no command");
        relay.reader().awaitFor(event -> event.type().equals("command.rejected"), PATIENCE);
        relay.reader()
                .awaitFor(
                        event -> event.type().equals("artifact.ready")
                                && event.data().path("job_id").longValue() == jobOfNoId,
                        PATIENCE);
        commands.assertSucceeded(OLD);
        assertThat(deadLetters(relay)).hasSize(1);
        List<ReceivedEvent> told = relay.reader().events();

        try (Admin admin = relay.clients().admin()) {
            relay.relay().stop();
            awaitCommittedToTheEnd(admin, relay);
            admin.alterConsumerGroupOffsets(relay.name(), perPartition(relay, partition -> new OffsetAndMetadata(0)))
                    .all()
                    .get();
            relay.start();
            // What comes behind the old records in each partition has had to wait for them.
            commands.send(AFTER_RESET);
            commands.assertSucceeded(AFTER_RESET);
            awaitCommittedToTheEnd(admin, relay);
            relay.reader().awaitEnd(PATIENCE);
            assertThat(relay.reader().events(event -> !AFTER_RESET.contains(event.commandId())))
                    .as("nothing more is told of the old records")
                    .hasSameSizeAs(told);

            relay.relay().stop();
            admin.deleteConsumerGroupOffsets(
                            relay.name(),
                            perPartition(relay, Function.identity()).keySet())
                    .all()
                    .get();
            relay.start();
            commands.send(AFTER_DELETION);
            commands.assertSucceeded(AFTER_DELETION);
            awaitCommittedToTheEnd(admin, relay);
        }

        commands.assertSucceeded(all);
        assertThat(relay.reader()
                        .events(event -> !AFTER_RESET.contains(event.commandId())
                                && !AFTER_DELETION.contains(event.commandId())))
                .hasSameSizeAs(told);
        assertThat(stage.dbtCloud().runsOfJob(jobOfNoId)).hasSize(1);
    }

    @Test
    void theCommandsTopicIsDeletedAndMadeAgain() throws Exception {
        Deployment relay = stage.deployment("anew");
        var commands = new OneRunEach(
                stage.dbtCloud(), relay, List.of("first-topic-0", "first-topic-1", "first-topic-2", "second-topic"));
        relay.start();
        BEFORE_NEW_TOPIC.forEach(id -> commands.send(id, 0));
        commands.assertSucceeded(BEFORE_NEW_TOPIC);
        int told = relay.reader().events().size();

        relay.relay().stop();
        String topic = relay.topic("commands");
        try (Admin admin = relay.clients().admin()) {
            admin.deleteTopics(List.of(topic)).all().get();
            await().atMost(PATIENCE)
                    .until(() -> !admin.listTopics().names().get().contains(topic));
        }
        relay.clients().createTopics(3, topic);
        assertThat(commands.send("first-topic-1", 0)).isZero();
        relay.start();
        assertThat(commands.send("second-topic", 0)).isOne();

        commands.assertSucceeded(List.of("second-topic"));
        commands.assertSucceeded(BEFORE_NEW_TOPIC);
        assertThat(relay.reader().events(event -> BEFORE_NEW_TOPIC.contains(event.commandId())))
                .as("the id that came again is known")
                .hasSize(told);
        assertThat(deadLetters(relay)).isEmpty();
    }

    @Test
    void theCommandsTopicIsMadeAnewUnderARunningRelay() throws Exception {
        Deployment relay = stage.deployment("anew-under-way");
        var commands = new OneRunEach(stage.dbtCloud(), relay, UNDER_WAY);
        relay.start();
        List<String> before = UNDER_WAY.subList(0, 2);
        before.forEach(id -> commands.send(id, 0));
        commands.assertSucceeded(before);

        String topic = relay.topic("commands");
        try (Admin admin = relay.clients().admin()) {
            admin.deleteTopics(List.of(topic)).all().get();
            await().atMost(PATIENCE)
                    .until(() -> !admin.listTopics().names().get().contains(topic));
        }
        relay.clients().createTopics(3, topic);
        // At offsets that had been taken before, and at one that had not.
        assertThat(commands.send(UNDER_WAY.get(2), 0)).isZero();
        commands.send(UNDER_WAY.getFirst(), 0);
        commands.send(UNDER_WAY.get(3), 0);

        commands.assertSucceeded(UNDER_WAY);
        assertThat(relay.relay().process().lines(Pattern.compile("The commands topic was made anew: the partition is")))
                .isNotEmpty();
    }

    @Test
    void commandsThatTheTopicHasLostAreTold() throws Exception {
        Deployment relay = stage.deployment("lost-commands");
        var commands = new OneRunEach(stage.dbtCloud(), relay, NOT_LOST);
        relay.start();
        commands.send(NOT_LOST.getFirst(), 0);
        commands.assertSucceeded(List.of(NOT_LOST.getFirst()));
        relay.relay().stop();
        TopicPartition partition = new TopicPartition(relay.topic("commands"), 0);
        for (String id : List.of("lost-0", "lost-1")) {
            relay.sendTo(0, Deployment.trigger(id, 1));
        }
        try (Admin admin = relay.clients().admin()) {
            admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(3)))
                    .all()
                    .get();
        }

        RelayProcess process = relay.launch();

        process.process()
                .awaitLine(Pattern.compile("has lost records before they were read.*partition=0 count=2"), PATIENCE);
        commands.send(NOT_LOST.getLast(), 0);
        commands.assertSucceeded(NOT_LOST);
        assertThat(process.get(process.managementUrl().resolve("/q/health/ready"))
                        .body())
                .contains("lost 0", "offsets 1 to 2");
        assertThat(process.get(process.managementUrl().resolve("/q/metrics")).body())
                .contains("relay_commands_lost_total 2.0");
    }

    @Test
    void oneIdThreeTimesAndThenWithAnotherContent() {
        Deployment relay = stage.deployment("thrice");
        var commands = new OneRunEach(stage.dbtCloud(), relay, List.of("thrice"));
        relay.start();
        for (int i = 0; i < 3; i++) {
            commands.send("thrice", 0);
        }
        long job = stage.dbtCloud().world().jobNamed("second-topic").id();
        long other = relay.sendTo(0, Deployment.trigger("thrice", job)).offset();

        ReceivedEvent letter =
                relay.reader().awaitFor(event -> event.topic().equals(relay.topic("commands.dlq")), PATIENCE);
        assertThat(letter.header("dlq-reason")).isEqualTo("id_conflict");
        assertThat(letter.header("dlq-offset")).isEqualTo(Long.toString(other));
        commands.assertSucceeded(List.of("thrice"));
        assertThat(deadLetters(relay)).hasSize(1);
        assertThat(stage.dbtCloud().runsByCause("[relay:thrice:")).hasSize(1);
    }

    /**
     * An id belongs to a partition, so that the same id must come with the same key, as docs/commands.md says. This is what
     * happens to those who do not: two commands and two runs, whose events cannot be told apart by id and number.
     */
    @Test
    void oneIdOnTwoPartitionsIsTwoCommands() {
        Deployment relay = stage.deployment("two-keys");
        var commands = new OneRunEach(stage.dbtCloud(), relay, List.of("two-keys"));
        relay.start();
        commands.send("two-keys", 0);
        commands.send("two-keys", 1);

        List<ReceivedEvent> ready = relay.reader().await(2, event -> event.is("artifact.ready", "two-keys"), PATIENCE);
        assertThat(commands.runs("two-keys"))
                .extracting(RunView::id)
                .containsExactlyInAnyOrder(
                        ready.getFirst().runId().orElseThrow(),
                        ready.getLast().runId().orElseThrow());
        assertThat(commands.runs("two-keys"))
                .extracting(RunView::cause)
                .containsOnly(commands.runs("two-keys").getFirst().cause());
        assertThat(relay.reader().eventsOf("two-keys"))
                .filteredOn(event -> event.type().equals("command.accepted"))
                .hasSize(2)
                .allSatisfy(event -> assertThat(event.sequence()).hasValue(0));
        assertThat(deadLetters(relay)).isEmpty();
    }

    private static void awaitCommittedToTheEnd(Admin admin, Deployment relay) throws Exception {
        Map<TopicPartition, Long> ends =
                admin.listOffsets(perPartition(relay, partition -> OffsetSpec.latest())).all().get().entrySet().stream()
                        .collect(Collectors.toMap(
                                Map.Entry::getKey, end -> end.getValue().offset()));
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(admin.listConsumerGroupOffsets(relay.name())
                                .partitionsToOffsetAndMetadata()
                                .get())
                        .allSatisfy((partition, committed) ->
                                assertThat(committed.offset()).isEqualTo(ends.get(partition)))
                        .containsOnlyKeys(ends.keySet()));
    }

    private static <T> Map<TopicPartition, T> perPartition(Deployment relay, Function<TopicPartition, T> value) {
        return IntStream.range(0, 3)
                .mapToObj(partition -> new TopicPartition(relay.topic("commands"), partition))
                .collect(Collectors.toMap(Function.identity(), value));
    }

    private static List<ReceivedEvent> deadLetters(Deployment relay) {
        relay.reader().awaitEnd(PATIENCE);
        return relay.reader().events(event -> event.topic().equals(relay.topic("commands.dlq")));
    }
}

package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.it.Moments.APPEND;
import static org.dbtrelay.it.Moments.COMMIT;
import static org.dbtrelay.it.Moments.PUBLISH;
import static org.dbtrelay.it.Moments.TRIGGER;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.ReceivedRequest;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.Breakpoints;
import org.dbtrelay.testkit.EventHistory;
import org.dbtrelay.testkit.ReceivedEvent;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every place at which a command can be when the process dies, all in one death: a command on each of several partitions is
 * brought to its place and held there, then the process is killed, and the next one takes over. Each test looks at one command.
 */
class CrashTableIT {

    private static final String BEFORE_FIRST_COMMIT = "before-first-commit";
    private static final String BEFORE_ACKNOWLEDGEMENT = "before-acknowledgement";
    private static final String IN_COMMIT_OF_ACCEPTANCE_AND_INTENT = "in-commit-of-acceptance-and-intent";
    private static final String IN_COMMIT_OF_LATER_INTENT = "in-commit-of-later-intent";
    private static final String BEFORE_POST = "before-post";
    private static final String POST_ON_THE_WIRE = "post-on-the-wire";
    private static final String BEFORE_COMMIT_OF_ANSWER = "before-commit-of-answer";
    private static final String IN_COMMIT_OF_ANSWER = "in-commit-of-answer";
    private static final String AFTER_COMMIT_OF_ANSWER = "after-commit-of-answer";
    private static final String WHILE_FOLLOWING = "while-following";
    private static final String WHILE_COLLECTING = "while-collecting";

    /** A command has its place here as its partition. */
    private static final List<String> IDS = List.of(
            BEFORE_FIRST_COMMIT,
            BEFORE_ACKNOWLEDGEMENT,
            IN_COMMIT_OF_ACCEPTANCE_AND_INTENT,
            IN_COMMIT_OF_LATER_INTENT,
            BEFORE_POST,
            POST_ON_THE_WIRE,
            BEFORE_COMMIT_OF_ANSWER,
            IN_COMMIT_OF_ANSWER,
            AFTER_COMMIT_OF_ANSWER,
            WHILE_FOLLOWING,
            WHILE_COLLECTING);

    /** T_send is fixed, the other two are set below. */
    private static final Duration W = Duration.ofSeconds(5 + 5 + 1);

    private static final DateTimeFormatter LOG_TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss,SSS");

    private static RelayStage stage;
    private static Deployment relay;
    private static OneRunEach commands;
    private static Breakpoints breakpoints;

    private static EventHistory toldBefore;
    private static List<ReceivedRequest> requestsBefore;
    private static Map<TopicPartition, OffsetAndMetadata> acknowledgedBefore;
    private static List<Path> filesBefore;

    @BeforeAll
    static void dieEverywhereAndGoOn() throws Exception {
        World world = World.jaffleShop();
        IDS.forEach(id -> world.job(EmulatedJob.named(id)
                .plan(RunPlan.unending().queued(Duration.ZERO).starting(Duration.ZERO))));
        stage = RelayStage.of(CrashTableIT.class, world);
        breakpoints = Breakpoints.in(stage.directory().resolve("breakpoints"), APPEND, COMMIT, TRIGGER, PUBLISH);
        relay = stage.deployment("crash-table")
                .set("relay.topics.partitions", Integer.toString(IDS.size()))
                .set("mp.messaging.incoming.commands.session.timeout.ms", "6000")
                .set("relay.connections.default.read-timeout", "5s")
                .set("relay.ledger.visibility-lag", "1s");
        breakpoints.setIn(relay.builder());
        commands = new OneRunEach(stage.dbtCloud(), relay, IDS);
        relay.start();

        bringAllToTheirPlaces();
        relay.relay().kill();
        toldBefore = relay.history();
        requestsBefore = stage.dbtCloud().counters().requests();
        acknowledgedBefore = acknowledged();
        filesBefore = files();

        relay.start();
        List<String> running = IDS.subList(0, IDS.indexOf(WHILE_FOLLOWING));
        commands.awaitRunning(running);
        commands.finish(running);
        IDS.forEach(id -> relay.reader().awaitEvent("artifact.ready", id, PATIENCE));
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    /** One after the other, each on a relay that is quiet but for it, because all others are held or wait. */
    private static void bringAllToTheirPlaces() {
        send(WHILE_FOLLOWING);
        send(WHILE_COLLECTING);
        commands.awaitRunning(List.of(WHILE_FOLLOWING, WHILE_COLLECTING));
        var hold = breakpoints.atEntryOf(APPEND, ownerOf(WHILE_FOLLOWING));
        commands.finish(List.of(WHILE_FOLLOWING));
        await(hold);
        hold = breakpoints.atReturnOf(PUBLISH);
        commands.finish(List.of(WHILE_COLLECTING));
        await(hold);

        hold = breakpoints.atEntryOf(APPEND, ownerOf(BEFORE_FIRST_COMMIT));
        send(BEFORE_FIRST_COMMIT);
        await(hold);
        hold = breakpoints.atReturnOf(APPEND, ownerOf(BEFORE_ACKNOWLEDGEMENT));
        send(BEFORE_ACKNOWLEDGEMENT);
        await(hold);
        hold = breakpoints.atEntryOf(TRIGGER);
        send(BEFORE_POST);
        await(hold);
        hold = breakpoints.atReturnOf(TRIGGER);
        send(BEFORE_COMMIT_OF_ANSWER);
        await(hold);

        hold = breakpoints.atReturnOf(TRIGGER);
        send(AFTER_COMMIT_OF_ANSWER);
        await(hold);
        var next = breakpoints.atReturnOf(COMMIT, ownerOf(AFTER_COMMIT_OF_ANSWER));
        hold.release();
        await(next);
        // Before others leave transactions open, behind which nobody could see it.
        relay.reader().awaitEvent("run.running", AFTER_COMMIT_OF_ANSWER, PATIENCE);

        hold = breakpoints.atReturnOf(TRIGGER);
        send(IN_COMMIT_OF_ANSWER);
        await(hold);
        next = breakpoints.atEntryOf(COMMIT, ownerOf(IN_COMMIT_OF_ANSWER));
        hold.release();
        await(next);
        hold = breakpoints.atEntryOf(COMMIT, ownerOf(IN_COMMIT_OF_ACCEPTANCE_AND_INTENT));
        send(IN_COMMIT_OF_ACCEPTANCE_AND_INTENT);
        await(hold);
        hold = breakpoints.atReturnOf(APPEND, ownerOf(IN_COMMIT_OF_LATER_INTENT));
        // It reads the runs in flight between its acceptance and its intent.
        relay.sendTo(
                IDS.indexOf(IN_COMMIT_OF_LATER_INTENT),
                "{\"command\": \"trigger\", \"command_id\": \"%s\", \"job_id\": %d, \"if_running\": \"skip\"}"
                        .formatted(IN_COMMIT_OF_LATER_INTENT, job(IN_COMMIT_OF_LATER_INTENT)));
        await(hold);
        next = breakpoints.atEntryOf(COMMIT, ownerOf(IN_COMMIT_OF_LATER_INTENT));
        hold.release();
        await(next);

        stage.dbtCloud()
                .faults()
                .next(1)
                .on(Endpoint.TRIGGER)
                .ofJob(job(POST_ON_THE_WIRE))
                .neverAnswerAfterCreating();
        send(POST_ON_THE_WIRE);
        Awaitility.await()
                .atMost(PATIENCE)
                .until(() -> !commands.runs(POST_ON_THE_WIRE).isEmpty());
    }

    @ParameterizedTest
    @FieldSource("IDS")
    void oneRunAndOneOutcome(String id) {
        commands.assertSucceeded(List.of(id));
        assertThat(posts(stage.dbtCloud().counters().requests(), id))
                .as("requests to start a run")
                .hasSize(1);
    }

    @Test
    void beforeTheFirstCommitTheCommandIsReadAgain() {
        assertThat(toldBefore.typesOf(BEFORE_FIRST_COMMIT)).isEmpty();
        assertNotAcknowledged(BEFORE_FIRST_COMMIT);
        assertAdopted(BEFORE_FIRST_COMMIT, false);
    }

    @Test
    void beforeTheAcknowledgementItIsReadAgainAndKnown() throws IOException {
        assertThat(toldBefore.typesOf(BEFORE_ACKNOWLEDGEMENT)).containsExactly("command.accepted");
        assertNotAcknowledged(BEFORE_ACKNOWLEDGEMENT);
        assertThat(posts(requestsBefore, BEFORE_ACKNOWLEDGEMENT)).isEmpty();
        URI metrics = relay.relay().managementUrl().resolve("/q/metrics");
        assertThat(Pattern.compile("relay_commands_known_total(?:\\{.*})? ([0-9.]+)")
                        .matcher(relay.relay().get(metrics).body())
                        .results()
                        .mapToDouble(line -> Double.parseDouble(line.group(1)))
                        .sum())
                .as("records that were known")
                .isPositive();
        assertAdopted(BEFORE_ACKNOWLEDGEMENT, false);
    }

    @Test
    void inTheCommitOfAcceptanceAndIntentNothingHasBeenToldOrSentAndNothingIsSearchedFor() {
        assertThat(toldBefore.typesOf(IN_COMMIT_OF_ACCEPTANCE_AND_INTENT)).isEmpty();
        assertNotAcknowledged(IN_COMMIT_OF_ACCEPTANCE_AND_INTENT);
        assertThat(posts(requestsBefore, IN_COMMIT_OF_ACCEPTANCE_AND_INTENT)).isEmpty();
        assertThat(searches(IN_COMMIT_OF_ACCEPTANCE_AND_INTENT)).isEmpty();
        assertAdopted(IN_COMMIT_OF_ACCEPTANCE_AND_INTENT, false);
    }

    @Test
    void inTheCommitOfALaterIntentNothingHasBeenSentAndNothingIsSearchedFor() {
        assertThat(toldBefore.typesOf(IN_COMMIT_OF_LATER_INTENT)).containsExactly("command.accepted");
        assertThat(posts(requestsBefore, IN_COMMIT_OF_LATER_INTENT)).isEmpty();
        assertThat(searches(IN_COMMIT_OF_LATER_INTENT)).isEmpty();
        assertAdopted(IN_COMMIT_OF_LATER_INTENT, false);
    }

    @Test
    void beforeThePostItsRunIsSearchedForUntilThereCanBeNone() {
        assertThat(posts(requestsBefore, BEFORE_POST)).isEmpty();
        ReceivedRequest second =
                posts(stage.dbtCloud().counters().requests(), BEFORE_POST).getFirst();
        assertThat(searches(BEFORE_POST)).hasSizeGreaterThan(1);
        // The relay is in doubt from its claim on. The first search may be long after that, on a busy machine.
        assertThat(Duration.between(claimedAt(BEFORE_POST), second.at())).isGreaterThanOrEqualTo(W);
        assertAdopted(BEFORE_POST, false);
    }

    @ParameterizedTest
    @ValueSource(strings = {POST_ON_THE_WIRE, BEFORE_COMMIT_OF_ANSWER, IN_COMMIT_OF_ANSWER})
    void anAnswerThatWasNotRecordedIsFound(String id) {
        assertThat(toldBefore.typesOf(id)).containsExactly("command.accepted");
        assertThat(posts(requestsBefore, id)).hasSize(1);
        assertAdopted(id, true);
    }

    @Test
    void afterTheCommitOfTheAnswerNothingIsSearchedFor() {
        assertThat(toldBefore.typesOf(AFTER_COMMIT_OF_ANSWER)).containsExactly("command.accepted", "run.running");
        assertThat(searches(AFTER_COMMIT_OF_ANSWER)).isEmpty();
        assertAdopted(AFTER_COMMIT_OF_ANSWER, false);
    }

    @Test
    void whileFollowingTheEndIsSeenAgain() {
        assertThat(toldBefore.typesOf(WHILE_FOLLOWING)).endsWith("run.running").doesNotContain("run.succeeded");
        assertThat(searches(WHILE_FOLLOWING)).isEmpty();
        assertAdopted(WHILE_FOLLOWING, false);
    }

    @Test
    void whileCollectingAnArtifactThatIsStoredAlreadyIsToldOnce() throws Exception {
        assertThat(toldBefore.typesOf(WHILE_COLLECTING)).endsWith("run.succeeded");
        List<ReceivedEvent> ready = relay.reader().events(event -> event.is("artifact.ready", WHILE_COLLECTING));
        assertThat(ready).hasSize(1);
        Path file = Path.of(URI.create(ready.getFirst().data().path("location").asText()));
        assertThat(filesBefore).as("files when the process died").containsExactly(file);
        assertThat(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file))))
                .isEqualTo(ready.getFirst().data().path("sha256").asText());
        assertThat(files()).as("one artifact of each command and nothing else").hasSameSizeAs(IDS);
        assertAdopted(WHILE_COLLECTING, false);
    }

    private static void assertAdopted(String id, boolean adopted) {
        assertThat(relay.reader()
                        .awaitEvent("run.succeeded", id, PATIENCE)
                        .data()
                        .path("adopted")
                        .booleanValue())
                .as("%s: adopted", id)
                .isEqualTo(adopted);
    }

    private static void assertNotAcknowledged(String id) {
        var partition = new TopicPartition(relay.topic("commands"), IDS.indexOf(id));
        OffsetAndMetadata committed = acknowledgedBefore.get(partition);
        assertThat(committed == null ? 0 : committed.offset())
                .as("offset that the group had committed when the process died")
                .isZero();
    }

    private static void send(String id) {
        commands.send(id, IDS.indexOf(id));
    }

    private static String ownerOf(String id) {
        return Moments.ownerOf(IDS.indexOf(id));
    }

    private static void await(Breakpoints.Hold hold) {
        hold.await(relay.relay(), PATIENCE);
    }

    /** When the process of now claimed the partition of a command, by the process' log. */
    private static Instant claimedAt(String id) {
        Pattern line = Pattern.compile(
                "^(\\S+ \\S+) .*Partition claimed and read;.* partition=%d\\b".formatted(IDS.indexOf(id)));
        String at = relay.relay().process().awaitLine(line, PATIENCE).group(1);
        return LocalDateTime.parse(at, LOG_TIME).atZone(ZoneId.systemDefault()).toInstant();
    }

    private static long job(String id) {
        return stage.dbtCloud().world().jobNamed(id).id();
    }

    /** The requests to trigger the job of a command. */
    private static List<ReceivedRequest> posts(List<ReceivedRequest> requests, String id) {
        return requests.stream()
                .filter(request -> request.endpoint() == Endpoint.TRIGGER)
                .filter(request -> request.path().contains("/jobs/" + job(id) + "/"))
                .toList();
    }

    /** The requests that search for a run of the job of a command, by any process; not those for its runs in flight. */
    private static List<ReceivedRequest> searches(String id) {
        return stage.dbtCloud().counters().requests().stream()
                .filter(request -> request.endpoint() == Endpoint.LIST_RUNS)
                .filter(request -> Long.toString(job(id)).equals(request.query().get("job_definition_id")))
                .filter(request -> !request.query().containsKey("status__in"))
                .toList();
    }

    private static Map<TopicPartition, OffsetAndMetadata> acknowledged() throws Exception {
        try (Admin admin = relay.clients().admin()) {
            return admin.listConsumerGroupOffsets(relay.name())
                    .partitionsToOffsetAndMetadata()
                    .get();
        }
    }

    private static List<Path> files() throws IOException {
        if (!Files.exists(relay.artifacts())) {
            return List.of();
        }
        try (Stream<Path> all = Files.walk(relay.artifacts())) {
            return all.filter(Files::isRegularFile).toList();
        }
    }
}

package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.Moments.COMMIT;
import static org.dbtrelay.it.Moments.TRIGGER;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.ReceivedRequest;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.Breakpoints;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * An instance is frozen for so long that the group gives its partitions to another one, and wakes while that one looks for what
 * it left behind. On each partition a command was at another place. Whatever the sleeper was about to do, it does not do it.
 */
class FrozenOwnerIT {

    private static final String FOLLOWED = "followed";
    private static final String BEFORE_POST = "before-post";
    private static final String AFTER_COMMIT_OF_INTENT = "after-commit-of-intent";
    private static final String IN_COMMIT_OF_INTENT = "in-commit-of-intent";
    private static final String IN_COMMIT_OF_ANSWER = "in-commit-of-answer";
    private static final String POST_ON_THE_WIRE = "post-on-the-wire";

    /** A command has its place here as its partition. */
    private static final List<String> IDS = List.of(
            FOLLOWED, BEFORE_POST, AFTER_COMMIT_OF_INTENT, IN_COMMIT_OF_INTENT, IN_COMMIT_OF_ANSWER, POST_ON_THE_WIRE);

    /** The names by which the two call the same host, so that a request tells who sent it. */
    private static final String SLEEPER = "localhost";

    private static final String OTHER = "127.0.0.1";

    /** A trigger may be sent so long after its decision, and whoever starts anew waits longer before it sends one. */
    private static final Duration SEND_WINDOW = Duration.ofSeconds(5);

    private static final List<String> AFTERWARDS =
            IntStream.range(0, IDS.size()).mapToObj(i -> "afterwards-" + i).toList();

    private RelayStage stage;
    private OneRunEach commands;
    private Breakpoints breakpoints;
    private RelayProcess sleeper;

    @AfterEach
    void end() {
        if (sleeper != null) {
            sleeper.close();
        }
        stage.close();
    }

    @Test
    void doesNothingOfWhatItWasAboutToDo() {
        World world = World.jaffleShop();
        List<String> all = Stream.concat(IDS.stream(), AFTERWARDS.stream()).toList();
        all.forEach(id -> world.job(EmulatedJob.named(id)
                .plan(RunPlan.unending().queued(Duration.ZERO).starting(Duration.ZERO))));
        stage = RelayStage.of(FrozenOwnerIT.class, world);
        breakpoints = Breakpoints.in(stage.directory().resolve("breakpoints"), COMMIT, TRIGGER);
        Deployment relay = stage.deployment("frozen-owner")
                .set("relay.topics.partitions", Integer.toString(IDS.size()))
                .set("mp.messaging.incoming.commands.session.timeout.ms", "6000")
                .set("relay.connections.default.read-timeout", "5s")
                .set("relay.ledger.visibility-lag", "1s");
        commands = new OneRunEach(stage.dbtCloud(), relay, all);
        String host = stage.dbtCloud().baseUrl();
        relay.set("relay.connections.default.host", host.replace(OTHER, SLEEPER));
        breakpoints.setIn(relay.builder());
        sleeper = relay.start().relay();
        relay.set("relay.connections.default.host", host);
        List<Breakpoints.Hold> holds = bringAllToTheirPlaces();
        sleeper.pause();
        RelayProcess other = relay.start().relay();
        await().atMost(PATIENCE).until(() -> OwnedPartitions.of(other) == IDS.size() && other.isReady());
        // It looks for what may have been started, and for some seconds yet will start nothing but what nobody has
        // accepted.
        await().atMost(PATIENCE).until(() -> !posts(IN_COMMIT_OF_INTENT).isEmpty());
        holds.forEach(Breakpoints.Hold::release);
        Instant awake = Clock.systemUTC().instant();
        sleeper.resume();

        sleeper.process().awaitLine(Pattern.compile("Partitions are given up"), PATIENCE);
        commands.awaitRunning(IDS);
        commands.finish(IDS);
        commands.assertSucceeded(IDS);
        assertThat(IDS).allSatisfy(id -> assertThat(posts(id)).hasSize(1));
        assertThat(IDS)
                .as(
                        "what the sleeper had sent before, and no more when it woke; it may be given partitions again later")
                .filteredOn(id -> posts(id).stream()
                        .anyMatch(post -> isOf(SLEEPER, post) && post.at().isBefore(awake.plus(SEND_WINDOW))))
                .containsExactlyInAnyOrder(FOLLOWED, IN_COMMIT_OF_ANSWER, POST_ON_THE_WIRE);
        IDS.forEach(id -> assertThat(relay.reader()
                        .awaitEvent("run.succeeded", id, PATIENCE)
                        .data()
                        .path("adopted")
                        .booleanValue())
                .as("%s: adopted", id)
                .isEqualTo(List.of(IN_COMMIT_OF_ANSWER, POST_ON_THE_WIRE).contains(id)));

        OwnedPartitions.awaitShared(sleeper, other, IDS.size());
        for (int partition = 0; partition < IDS.size(); partition++) {
            commands.send(AFTERWARDS.get(partition), partition);
        }
        commands.awaitRunning(AFTERWARDS);
        commands.finish(AFTERWARDS);
        commands.assertSucceeded(all);
        assertThat(AFTERWARDS)
                .as("each of them serves again")
                .anyMatch(id -> isOf(SLEEPER, posts(id).getFirst()))
                .anyMatch(id -> isOf(OTHER, posts(id).getFirst()));
    }

    /** Gives what holds them there. */
    private List<Breakpoints.Hold> bringAllToTheirPlaces() {
        send(FOLLOWED);
        commands.awaitRunning(List.of(FOLLOWED));
        var beforePost = breakpoints.atEntryOf(TRIGGER);
        send(BEFORE_POST);
        beforePost.await(sleeper, PATIENCE);

        var afterIntent = breakpoints.atReturnOf(COMMIT, ownerOf(AFTER_COMMIT_OF_INTENT));
        send(AFTER_COMMIT_OF_INTENT);
        afterIntent.await(sleeper, PATIENCE);

        var answered = breakpoints.atReturnOf(TRIGGER);
        send(IN_COMMIT_OF_ANSWER);
        answered.await(sleeper, PATIENCE);
        var inAnswer = breakpoints.atEntryOf(COMMIT, ownerOf(IN_COMMIT_OF_ANSWER));
        answered.release();
        inAnswer.await(sleeper, PATIENCE);

        var inIntent = breakpoints.atEntryOf(COMMIT, ownerOf(IN_COMMIT_OF_INTENT));
        send(IN_COMMIT_OF_INTENT);
        inIntent.await(sleeper, PATIENCE);

        stage.dbtCloud()
                .faults()
                .next(1)
                .on(Endpoint.TRIGGER)
                .ofJob(stage.dbtCloud().world().jobNamed(POST_ON_THE_WIRE).id())
                .answerLateAfterCreating(Duration.ofSeconds(2));
        send(POST_ON_THE_WIRE);
        await().atMost(PATIENCE).until(() -> !commands.runs(POST_ON_THE_WIRE).isEmpty());
        return List.of(beforePost, afterIntent, inAnswer, inIntent);
    }

    private void send(String id) {
        commands.send(id, IDS.indexOf(id));
    }

    private static String ownerOf(String id) {
        return Moments.ownerOf(IDS.indexOf(id));
    }

    private List<ReceivedRequest> posts(String id) {
        String job = "/jobs/" + stage.dbtCloud().world().jobNamed(id).id() + "/";
        return stage.dbtCloud().counters().requests().stream()
                .filter(request -> request.endpoint() == Endpoint.TRIGGER)
                .filter(request -> request.path().contains(job))
                .toList();
    }

    private static boolean isOf(String host, ReceivedRequest request) {
        return request.headers().get("host").startsWith(host + ":");
    }
}

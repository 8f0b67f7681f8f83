package org.dbtrelay.demo;

import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.dbtrelay.testkit.EventHistory;
import org.dbtrelay.testkit.ReceivedEvent;

/**
 * A broker and the emulator of dbt Cloud in this JVM, the packaged application as a process of its own, some commands, and the
 * events that come back; with {@code -Ddemo.all} one command of each kind. Then it stays for commands of one's own until Ctrl-C; with {@code -Ddemo.once} it ends instead, with
 * status 0 if all came that should.
 */
public final class Demo {

    private static final String COMMANDS = "dbt.commands";
    private static final String SUCCEEDING_JOB = "Daily build";
    private static final String SCHEDULED_JOB = "Build with docs";
    private static final Duration SCRIPT_LIMIT = Duration.ofMinutes(2);
    private static final Duration LOOK = Duration.ofMillis(200);
    private static final Duration REST_LIMIT = Duration.ofSeconds(10);
    private static final int SHOWN_OF_LOG = 30;

    private boolean scheduled;
    private final Stage stage;
    private final EventLine lines;
    private final Clock clock;
    private final boolean once;
    private final boolean all;
    private final PrintStream out;
    private final Thread onSignal = new Thread(this::endBySignal, "end-demo");
    private volatile boolean ending;
    private volatile int status;

    private Demo(Path directory, boolean once, boolean all, Clock clock, PrintStream out) {
        this.stage = new Stage(directory, out);
        this.lines = new EventLine(directory, clock.getZone());
        this.clock = clock;
        this.once = once;
        this.all = all;
        this.out = out;
        // Ctrl-C is the good end of a demo that stays, and an interruption of one that would have ended by itself.
        this.status = once ? 130 : 0;
    }

    /** No arguments; the system properties {@code demo.directory} (default {@code target/demo}), {@code demo.once} and {@code demo.all}. */
    public static void main(String[] arguments) {
        var directory = Path.of(System.getProperty("demo.directory", "target/demo"));
        new Demo(
                        directory.toAbsolutePath(),
                        isSet("demo.once"),
                        isSet("demo.all"),
                        Clock.system(ZoneId.systemDefault()),
                        System.out)
                .play();
    }

    private static boolean isSet(String property) {
        return !System.getProperty(property, "false").equals("false");
    }

    private void play() {
        Runtime.getRuntime().addShutdownHook(onSignal);
        try {
            out.printf("%ndbt-cloud-relay, the demo%n%n");
            stage.setUp();
            Script script = Script.of(
                    stage.world().jobNamed(SUCCEEDING_JOB).id(),
                    stage.world().jobNamed("Broken build").id(),
                    new Script.JobNames("Jaffle Shop", "Staging", "Daily build"));
            if (all) {
                script = script.andAll(stage.world().jobNamed(Stage.ENDLESS_JOB).id());
            }
            begin();
            int shown = followUntilDone(script);
            if (!once) {
                invite();
                followForEver(shown);
            }
            Runtime.getRuntime().removeShutdownHook(onSignal);
            stage.tearDown();
        } catch (RuntimeException | AssertionError e) {
            // If everything is being ended under its feet, this thread has nothing to report.
            while (ending) {
                LockSupport.park();
            }
            out.printf("%nThe demo failed: %s%n", e.getMessage());
            for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
                out.println("because of " + cause);
            }
            status = 1;
            System.exit(status);
        }
    }

    private void begin() {
        out.printf("%nCommands written to the topic %s, and events that come back:%n%s%n", COMMANDS, lines.head());
    }

    /** Writes the commands whose time has come. */
    private void send(Script script, Set<DemoCommand> sent) {
        List<ReceivedEvent> events = stage.reader().events();
        for (DemoCommand command : script.commands()) {
            boolean due = command.after() == null
                    || events.stream().anyMatch(command.after().isMetBy());
            if (due && sent.add(command)) {
                out.printf("  %s%n      %s%n", command.title(), command.value());
                stage.kafka().produce(COMMANDS, command.key(), command.value());
            }
        }
        if (!scheduled && events.stream().anyMatch(event -> event.type().equals("run.succeeded"))) {
            scheduled = true;
            out.printf("  dbt Cloud's scheduler starts a run: nobody sends a command%n");
            stage.startByScheduler(stage.world().jobNamed(SCHEDULED_JOB).id());
        }
    }

    /** The run of the scheduler is told of like any other. */
    private static boolean isOfScheduler(ReceivedEvent event) {
        return event.type().equals("run.succeeded")
                && event.data().path("origin").asText().equals("observed");
    }

    /** Shows events until all that the script expects has come; gives how many were shown. */
    private int followUntilDone(Script script) {
        long began = System.nanoTime();
        Duration first = Duration.ZERO;
        int shown = 0;
        Set<DemoCommand> sent = new HashSet<>();
        while (true) {
            send(script, sent);
            int before = shown;
            shown += show(shown);
            if (before == 0 && shown > 0) {
                first = sinceProcessStart();
            }
            List<String> missing = new ArrayList<>(script.missing(stage.reader().events()));
            if (stage.reader().events().stream().noneMatch(Demo::isOfScheduler)) {
                missing.add("run.succeeded of the run that the scheduler started");
            }
            if (missing.isEmpty()) {
                stage.reader().awaitEnd(REST_LIMIT);
                shown += show(shown);
                summarize(first);
                return shown;
            }
            if (System.nanoTime() - began > SCRIPT_LIMIT.toNanos()) {
                throw new IllegalStateException("after %d s this has not come:%n  - %s%nThe relay's log: %s"
                        .formatted(
                                SCRIPT_LIMIT.toSeconds(),
                                String.join("\n  - ", missing),
                                stage.relay().outputFile()));
            }
        }
    }

    private void followForEver(int alreadyShown) {
        int shown = alreadyShown;
        while (true) {
            shown += show(shown);
        }
    }

    /** Shows what has come beyond these, or waits a moment; gives how many were shown. */
    private int show(int known) {
        List<ReceivedEvent> news = stage.reader().eventsAfter(known, LOOK);
        news.forEach(event -> out.println(lines.of(event)));
        if (!stage.relay().isAlive()) {
            throw new IllegalStateException("the relay ended with status %d. The last lines of its log, %s:%n%s"
                    .formatted(
                            stage.relay().exitCode().orElseThrow(),
                            stage.relay().outputFile(),
                            String.join("\n", stage.relay().process().lastLines(SHOWN_OF_LOG))));
        }
        return news.size();
    }

    private void summarize(Duration first) {
        List<ReceivedEvent> events = stage.reader().events();
        var history = EventHistory.of(events);
        history.assertFaultless();
        int runsOfTwiceSent =
                stage.runsOf(stage.world().jobNamed(SUCCEEDING_JOB).id());
        if (runsOfTwiceSent != 1) {
            throw new IllegalStateException("the command that was sent twice made %d runs".formatted(runsOfTwiceSent));
        }
        long runs = events.stream()
                .flatMapToLong(event -> event.runId().stream())
                .distinct()
                .count();
        out.printf(
                "%nAll has come: %d commands, %d runs, %d artifacts stored, %d dead letter; no event lost, none repeated.%n",
                history.commandIds().size(),
                runs,
                events.stream()
                        .filter(event -> event.type().equals("artifact.ready"))
                        .count(),
                events.stream()
                        .filter(event -> event.header("dlq-reason") != null)
                        .count());
        out.printf("The first event came %d s after this JVM began, the build included.%n", first.toSeconds());
    }

    private void invite() {
        String job = Long.toString(stage.world().jobNamed(SUCCEEDING_JOB).id());
        String command = "{\"command\": \"trigger\", \"job_id\": %s, \"cause\": \"my own\"}".formatted(job);
        String broker = stage.kafka().bootstrapServers();
        out.printf(
                """

                Everything stays up until Ctrl-C. Send a command of your own, by HTTP or with Kafka's own tools:

                  curl -X POST %sapi/commands -H 'content-type: application/json' -d '%s'

                  echo '%s|%s' | kafka-console-producer.sh --bootstrap-server %s --topic %s --property parse.key=true --property key.separator='|'

                Where to look:
                  page       %s
                  health     curl %sq/health
                  metrics    curl %sq/metrics
                  relay log  %s
                  artifacts  %s

                """,
                stage.relay().url(),
                command,
                job,
                command,
                broker,
                COMMANDS,
                stage.relay().url(),
                stage.relay().managementUrl(),
                stage.relay().managementUrl(),
                stage.relay().outputFile(),
                stage.artifacts());
    }

    private Duration sinceProcessStart() {
        return ProcessHandle.current()
                .info()
                .startInstant()
                .map(start -> Duration.between(start, clock.instant()))
                .orElse(Duration.ZERO);
    }

    private void endBySignal() {
        ending = true;
        if (status != 1) {
            out.printf("%nEnding the relay, the emulator and the broker …%n");
        }
        stage.tearDown();
        if (status != 1) {
            out.println("Nothing of the demo runs any more. What the relay logged and stored stays. Goodbye.");
        }
        out.flush();
        // A JVM that ends by a signal would give 130 or 143, also where that was the good end.
        Runtime.getRuntime().halt(status);
    }
}

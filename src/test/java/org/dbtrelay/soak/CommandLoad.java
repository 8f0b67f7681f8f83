package org.dbtrelay.soak;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.it.Deployment;
import org.dbtrelay.soak.Command.Kind;

/**
 * Sends commands, at a steady rate unless too many are unfinished, until it is told to stop. The same seed gives the same
 * commands, but for those that need to know what has happened (retries of failed runs, follows).
 */
final class CommandLoad implements AutoCloseable {

    /** How often the same record came once more. */
    private final AtomicInteger repeated = new AtomicInteger();

    private static final long NO_JOB = 404;
    private static final int LAST_TRIGGERS = 300;
    private static final int REFUSED_EVERY = 50;

    /** Commands of one burst. */
    private static final int BURST = 12;

    private final Deployment relay;
    private final Jobs jobs;
    private final EventTally tally;
    private final Random random;
    private final Duration gap;
    private final int mostUnfinished;
    private final Map<String, Command> sent = new ConcurrentHashMap<>();
    private final List<Command> triggers = new ArrayList<>();
    private final Set<String> targets = new HashSet<>();
    private final Thread thread;
    private int number;
    private volatile boolean stopped;
    private volatile Throwable failure;

    /**
     * What the commands are for.
     *
     * @param plain of most commands
     * @param flaky of those with {@code on_failure}
     * @param ofBursts of those with {@code coalesce}
     */
    record Jobs(
            List<EmulatedJob> plain,
            Map<Refused, EmulatedJob> refused,
            List<EmulatedJob> flaky,
            List<EmulatedJob> ofBursts) {}

    CommandLoad(Deployment relay, Jobs jobs, EventTally tally, long seed, int perSecond, int mostUnfinished) {
        this.relay = relay;
        this.jobs = jobs;
        this.tally = tally;
        this.random = new Random(seed);
        this.gap = Duration.ofMillis(1000 / perSecond);
        this.mostUnfinished = mostUnfinished;
        this.thread = Thread.ofPlatform().daemon().name("command-load").start(this::sendUntilStopped);
    }

    /** Commands with an id of their own and dead letters, in no order. */
    Collection<Command> sent() {
        return sent.values();
    }

    /** Those of them that have to have an outcome. */
    List<Command> commands() {
        return sent.values().stream().filter(command -> !command.isDeadLetter()).toList();
    }

    /** Records that were sent again and have to be ignored. */
    int repeated() {
        return repeated.get();
    }

    /**
     * Sends one more trigger to each partition. For the lag: a commit of offsets that a rebalance made fail is made up for by
     * the next one, and that comes with the next command of the partition.
     */
    void sendLast(int partitions) {
        for (int partition = 0; partition < partitions; partition++) {
            var trigger = new Command(
                    "last-" + partition,
                    Kind.TRIGGER,
                    jobs.plain().get(partition * 10 + 5).id(),
                    "");
            sent.put(trigger.id(), trigger);
            relay.sendTo(partition, text(trigger, trigger.id()));
        }
    }

    /** Sends no more by itself. Fails if sending has failed. */
    @Override
    public void close() {
        stopped = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (failure != null) {
            throw new AssertionError("No more commands could be sent", failure);
        }
    }

    private void sendUntilStopped() {
        try {
            while (!stopped) {
                Pause.of(gap);
                if (commands().size() - tally.outcomes() < mostUnfinished) {
                    sendOne();
                }
            }
        } catch (RuntimeException | Error e) {
            failure = e;
        }
    }

    private void sendOne() {
        int n = ++number;
        if (n % REFUSED_EVERY == 0) {
            Refused what = List.copyOf(jobs.refused().keySet())
                    .get(n / REFUSED_EVERY % jobs.refused().size());
            var trigger = new Command(
                    "refused-" + n, Kind.REFUSED, jobs.refused().get(what).id(), what.name());
            send(trigger, text(trigger, trigger.id(), ", \"timeout\": \"%s\"".formatted(Refused.DEADLINE)));
            return;
        }
        int dice = random.nextInt(100);
        if (dice < 5) {
            earlier().ifPresent(this::repeat);
        } else if (dice < 7) {
            earlier()
                    .ifPresent(trigger -> send(
                            new Command("conflict-" + n, Kind.CONFLICT, trigger.jobId(), trigger.id()),
                            text(trigger, "conflict-" + n)));
        } else if (dice < 8) {
            send(new Command("malformed-" + n, Kind.MALFORMED, job().id(), ""), "{no command malformed-" + n);
        } else if (dice < 10) {
            var command = new Command("nothing-" + n, Kind.TRIGGER_OF_NOTHING, NO_JOB, "");
            send(command, text(command, command.id()));
        } else if (dice < 14) {
            earlier()
                    .filter(trigger -> targets.add(trigger.id()))
                    .ifPresent(trigger ->
                            sendFor(trigger, new Command("cancel-" + n, Kind.CANCEL, trigger.jobId(), trigger.id())));
        } else if (dice < 17) {
            triggers.subList(Math.max(0, triggers.size() - LAST_TRIGGERS), triggers.size()).stream()
                    .filter(trigger -> tally.outcomeOf(trigger.id())
                            .filter("run.failed"::equals)
                            .isPresent())
                    .filter(trigger -> targets.add(trigger.id()))
                    .findFirst()
                    .ifPresent(trigger ->
                            sendFor(trigger, new Command("retry-" + n, Kind.RETRY, trigger.jobId(), trigger.id())));
        } else if (dice < 18 && tally.latestRun() != 0) {
            var command = new Command("follow-" + n, Kind.FOLLOW, job().id(), "");
            send(
                    command,
                    "{\"command\": \"follow\", \"command_id\": \"%s\", \"run_id\": %d, \"artifacts\": []}"
                            .formatted(command.id(), tally.latestRun()));
        } else if (dice < 24) {
            sendFlaky(n);
        } else if (dice < 26) {
            sendBurst(n);
        } else {
            var trigger = new Command("trigger-" + n, Kind.TRIGGER, job().id(), "");
            triggers.add(trigger);
            send(trigger, text(trigger, trigger.id()));
            if (dice < 28) {
                repeat(trigger);
            }
        }
    }

    private void sendFlaky(int n) {
        String how = random.nextBoolean() ? "full" : "from_failure";
        var trigger = new Command("flaky-" + n, Kind.FLAKY, oneOf(jobs.flaky()).id(), how);
        send(
                trigger,
                text(
                        trigger,
                        trigger.id(),
                        ", \"on_failure\": {\"retries\": %d, \"delay\": \"PT1S\", \"how\": \"%s\"}"
                                .formatted(Special.RETRIES, how)));
    }

    /** All at once, some of them twice; of some bursts one command is cancelled. */
    private void sendBurst(int n) {
        long jobId = oneOf(jobs.ofBursts()).id();
        int leaves = random.nextInt(3 * BURST);
        for (int i = 0; i < BURST; i++) {
            var trigger = new Command("burst-%d-%d".formatted(n, i), Kind.BURST, jobId, "");
            String text = text(trigger, trigger.id(), ", \"coalesce\": {\"quiet\": \"PT1S\", \"at_most\": \"PT5S\"}");
            send(trigger, text);
            if (random.nextInt(BURST) == 0) {
                repeated.incrementAndGet();
                produce(jobId, text);
            }
            if (i == leaves) {
                sendFor(trigger, new Command("cancel-%d".formatted(n), Kind.CANCEL, jobId, trigger.id()));
            }
        }
    }

    private void repeat(Command trigger) {
        repeated.incrementAndGet();
        produce(trigger.jobId(), text(trigger, trigger.id()));
    }

    private void sendFor(Command target, Command command) {
        send(
                command,
                "{\"command\": \"%s\", \"command_id\": \"%s\", \"target_command_id\": \"%s\"}"
                        .formatted(command.kind() == Kind.CANCEL ? "cancel" : "retry", command.id(), target.id()));
    }

    private void send(Command command, String text) {
        sent.put(command.id(), command);
        produce(command.jobId(), text);
    }

    private void produce(long key, String text) {
        relay.send(key, text);
    }

    /** The cause tells whose run it is, beside the relay's own marker. */
    private static String text(Command trigger, String cause) {
        return text(trigger, cause, "");
    }

    private static String text(Command trigger, String cause, String more) {
        return "{\"command\": \"trigger\", \"command_id\": \"%s\", \"job_id\": %d, \"cause\": \"%s\"%s}"
                .formatted(trigger.id(), trigger.jobId(), cause, more);
    }

    private Optional<Command> earlier() {
        if (triggers.isEmpty()) {
            return Optional.empty();
        }
        int from = Math.max(0, triggers.size() - LAST_TRIGGERS);
        return Optional.of(triggers.get(from + random.nextInt(triggers.size() - from)));
    }

    private EmulatedJob job() {
        return oneOf(jobs.plain());
    }

    private EmulatedJob oneOf(List<EmulatedJob> some) {
        return some.get(random.nextInt(some.size()));
    }
}

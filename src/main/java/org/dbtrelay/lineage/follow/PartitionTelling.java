package org.dbtrelay.lineage.follow;

import static org.dbtrelay.metrics.RelayLog.pair;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.dbtrelay.lineage.tell.ToldRun;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.jspecify.annotations.Nullable;

/**
 * One partition of the relay's events, as long as this instance has it. Runs are told in the order of the events; the steps of each run on
 * a thread of its own, as their artifacts come.
 */
final class PartitionTelling {

    private static final RelayLog LOG = RelayLog.of(PartitionTelling.class);
    private static final String STRUCTURED = "application/cloudevents";

    private record Waiting(long offset, ToldRun run, Note before) {}

    private final RunTelling runs;
    private final Predicate<ToldRun> wanted;
    private final Progress progress;
    private final LinkedBlockingQueue<Waiting> queue = new LinkedBlockingQueue<>();
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
    private volatile boolean ended;

    /** {@code wanted}: the runs that are told of. */
    PartitionTelling(RunTelling runs, Predicate<ToldRun> wanted, Progress progress) {
        this.runs = runs;
        this.wanted = wanted;
        this.progress = progress;
        run("lineage", this::work);
    }

    Progress progress() {
        return progress;
    }

    /** Takes an event of the relay. */
    void take(ConsumerRecord<byte[], byte[]> message) {
        Optional<ToldRun> run = read(message);
        boolean matters = run.isPresent() && wanted.test(run.get());
        Instant since = run.map(ToldRun::observedAt).orElse(Instant.EPOCH);
        progress.take(message.offset(), since, matters)
                .ifPresent(before -> queue.add(new Waiting(message.offset(), run.orElseThrow(), before)));
    }

    private static Optional<ToldRun> read(ConsumerRecord<byte[], byte[]> message) {
        if (message.value() == null) {
            return Optional.empty();
        }
        try {
            return ToldRun.read(message.value(), isStructured(message));
        } catch (IOException e) {
            LOG.debug(
                    "A record of the events topic is no event of the relay",
                    pair(LogKey.PARTITION, message.partition()),
                    pair(LogKey.OFFSET, message.offset()));
            return Optional.empty();
        }
    }

    private static boolean isStructured(ConsumerRecord<byte[], byte[]> message) {
        @Nullable Header type = message.headers().lastHeader("content-type");
        return type != null
                && type.value() != null
                && new String(type.value(), StandardCharsets.UTF_8).startsWith(STRUCTURED);
    }

    private void work() throws InterruptedException {
        while (true) {
            Waiting next = queue.take();
            if (next.before().step() < 0) {
                guarded(next, () -> runs.tellRun(next.run()));
            }
            switch (next.run().happening()) {
                case RUNS -> progress.told(next.offset(), Note.ALL);
                case ENDED -> {
                    Note before = next.before().step() < 0 ? Note.BEGUN : next.before();
                    progress.told(next.offset(), before);
                    run("lineage-steps", () -> {
                        guarded(
                                next,
                                () -> StepsTelling.tell(
                                        runs, next.run(), before, note -> progress.told(next.offset(), note)));
                        progress.told(next.offset(), Note.ALL);
                    });
                }
            }
        }
    }

    private interface Task {
        void run() throws InterruptedException;
    }

    /** An internal error costs the lineage of the one run. */
    private void guarded(Waiting event, Task task) throws InterruptedException {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            if (ended) {
                throw new InterruptedException("the partition is given up");
            }
            LOG.error(
                    "Internal error: the lineage of a run is not complete",
                    e,
                    pair(LogKey.RUN_ID, event.run().runId()));
            runs.metrics().lineageRun("failed");
        }
    }

    private void run(String name, Task task) {
        Thread thread = Thread.ofVirtual().name(name).unstarted(() -> {
            try {
                task.run();
            } catch (InterruptedException e) {
                // The partition is given up: who has it next goes on with what is committed.
                Thread.currentThread().interrupt();
            } finally {
                threads.remove(Thread.currentThread());
            }
        });
        threads.add(thread);
        thread.start();
        if (ended) {
            thread.interrupt();
        }
    }

    /** Ends all work at once. */
    void end() {
        ended = true;
        threads.forEach(Thread::interrupt);
    }
}

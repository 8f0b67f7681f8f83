package org.dbtrelay.sim;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongUnaryOperator;

/** Many histories, on as many threads as the machine has cores; each history stays on one thread. */
final class Histories {

    static {
        // Libraries make themselves ready at their first use, and some cannot bear that two threads do it.
        for (long seed = 0; seed < 8; seed++) {
            var _ = Simulation.run(Plan.of(seed));
        }
    }

    private static final int BAD_SEEDS = 20;

    private Histories() {}

    /**
     * What came of them.
     *
     * @param badSeeds the first of each thread's, with what did not hold; at most {@value #BAD_SEEDS}
     * @param firstBad the history with the lowest seed in which something did not hold; null: none
     */
    record Outcome(
            long histories,
            long bad,
            List<String> badSeeds,
            Simulation.Result firstBad,
            Coverage coverage,
            double seconds) {}

    /** Runs the seeds from the first on, all of them. */
    static Outcome run(long firstSeed, long count, Duration atMost) throws InterruptedException {
        return run(index -> firstSeed + index, count, Mutant.NONE, false, atMost);
    }

    /** Runs the seeds from 0 to the count, beginning at the mutant's hint; stops early after the first that is bad. */
    static Outcome untilBad(long count, Mutant mutant) throws InterruptedException {
        return run(index -> (mutant.hint() + index) % count, count, mutant, true, Duration.ofDays(1));
    }

    private static Outcome run(LongUnaryOperator seeds, long count, Mutant mutant, boolean untilBad, Duration atMost)
            throws InterruptedException {
        int threads = Runtime.getRuntime().availableProcessors();
        AtomicLong next = new AtomicLong();
        AtomicLong end = new AtomicLong(count);
        long begun = System.nanoTime();
        long over = begun + atMost.toNanos();
        List<Callable<Part>> workers = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            workers.add(() -> work(seeds, next, end, mutant, untilBad, over));
        }
        Coverage coverage = new Coverage();
        Simulation.Result firstBad = null;
        long done = 0;
        long bad = 0;
        List<String> badSeeds = new ArrayList<>();
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            for (Future<Part> future : pool.invokeAll(workers)) {
                Part part = future.get();
                coverage.add(part.coverage);
                done += part.done;
                bad += part.bad;
                badSeeds.addAll(part.badSeeds);
                if (part.first != null
                        && (firstBad == null
                                || part.first.plan().seed() < firstBad.plan().seed())) {
                    firstBad = part.first;
                }
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
        return new Outcome(done, bad, badSeeds, firstBad, coverage, (System.nanoTime() - begun) / 1e9);
    }

    private static final class Part {
        private final Coverage coverage = new Coverage();
        private Simulation.Result first;
        private long done;
        private long bad;
        private final List<String> badSeeds = new ArrayList<>();
    }

    private static Part work(
            LongUnaryOperator seeds, AtomicLong next, AtomicLong end, Mutant mutant, boolean untilBad, long over) {
        Part part = new Part();
        for (long index = next.getAndIncrement();
                index < end.get() && System.nanoTime() - over < 0;
                index = next.getAndIncrement()) {
            long seed = seeds.applyAsLong(index);
            Simulation.Result result = Simulation.run(Plan.of(seed), mutant);
            part.done++;
            part.coverage.add(result.coverage());
            if (!result.isFine()) {
                part.bad++;
                if (part.badSeeds.size() < BAD_SEEDS) {
                    part.badSeeds.add(seed + ": " + result.violations().getFirst());
                }
                if (part.first == null) {
                    part.first = result;
                }
                if (untilBad) {
                    end.set(index);
                }
            }
        }
        return part;
    }

    /** The same seed with as few commands and faults as still break the same rule. */
    static Simulation.Result shrunk(Simulation.Result bad) {
        for (int commands = 1; commands <= bad.plan().commands(); commands++) {
            for (int faults = 0; faults <= bad.plan().faults(); faults++) {
                Simulation.Result result = Simulation.run(bad.plan().with(commands, faults));
                if (!result.isFine() && ruleBrokenBy(result).equals(ruleBrokenBy(bad))) {
                    return result;
                }
            }
        }
        return bad;
    }

    /** The words of a violation without the command and the figures. */
    private static String ruleBrokenBy(Simulation.Result bad) {
        String text = bad.violations().getFirst();
        int details = text.indexOf(':');
        return (details < 0 ? text : text.substring(0, details)).replaceAll("command-\\S+|\\d+", "");
    }
}

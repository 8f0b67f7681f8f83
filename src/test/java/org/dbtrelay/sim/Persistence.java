package org.dbtrelay.sim;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Counts how often the relay asks for what is refused for good: its gaps have to grow. */
final class Persistence {

    /** By then every back-off has grown to a minute. */
    private static final long GROWN = Duration.ofMinutes(5).toNanos();

    private static final long MINUTE = Duration.ofMinutes(1).toNanos();

    /**
     * Of one call, for each command. A cancellation that has just begun is asked for five times in its first minute, and each
     * refusal is answered by a look at the run, which is looked at anyway.
     */
    private static final int MOST = 12;

    /** The explanation of a failure reads an artifact, too, and its gaps grow beside those of the collection: seven times each. */
    private static final int MOST_ARTIFACTS = 14;

    private final World world;
    private final Map<String, Integer> counts = new HashMap<>();
    private final Map<String, Set<String>> commandsOf = new HashMap<>();

    Persistence(World world) {
        this.world = world;
    }

    /** A call about a job, or one of its runs, meets a fault that never ends. */
    void struck(Lasting lasting, Lasting.Call call, Long jobId) {
        long now = world.scheduler().now();
        boolean answered = lasting.isCarriedOut();
        long grown = Math.max(lasting.from(), world.plan().troubleUntil()) + GROWN;
        // A run that was made a moment ago may be unknown to some servers: for a minute it is looked for often, whoever
        // is late to start it.
        boolean young = jobId != null
                && call == Lasting.Call.RUN
                && world.cloud().runs().stream()
                        .anyMatch(run -> run.jobId == jobId && now - run.createdAt <= 2 * MINUTE);
        if (jobId == null || answered || young || world.areClocksWrong() || now < grown) {
            return;
        }
        String minute = call + "/" + jobId + "/" + now / MINUTE;
        int count = counts.merge(minute, 1, Integer::sum);
        // One that has asked in this minute may have ended since, and another have taken its place.
        Set<String> commands = commandsOf.computeIfAbsent(minute, key -> new HashSet<>());
        commands.addAll(world.truth().openOf(jobId));
        world.check(
                count <= (call == Lasting.Call.ARTIFACTS ? MOST_ARTIFACTS : MOST) * Math.max(1, commands.size()),
                "%d commands of job %d ask for %s %d times in a minute, and are refused each time",
                commands.size(),
                jobId,
                call,
                count);
    }
}

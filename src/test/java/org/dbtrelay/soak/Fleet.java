package org.dbtrelay.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.dbtrelay.it.Deployment;
import org.dbtrelay.it.OwnedPartitions;
import org.dbtrelay.testkit.RelayProcess;

/** The instances of one deployment, in a few places; and what has been done to them. Used by one thread. */
final class Fleet implements AutoCloseable {

    static final int STOPPED_IN_ORDER = 0;

    private static final int ENDED_BY_SIGTERM = 143;

    private static final Pattern HIGHEST_MEMORY = Pattern.compile("VmHWM:\\s*(\\d+) kB");

    /** An instance was taken from its partitions by force. */
    record Blow(Instant at, Path log) {}

    private final Deployment relay;
    private final List<Place> places;
    private final List<Path> logs = new ArrayList<>();
    private final List<Blow> kills = new ArrayList<>();
    private final List<Blow> freezes = new ArrayList<>();
    private final List<String> faults = new ArrayList<>();
    private int stops;
    private long mostKilobytes;

    private static final class Place {
        private RelayProcess process;
        private boolean frozen;
        private boolean wanted;
    }

    Fleet(Deployment relay, int size) {
        this.relay = relay;
        this.places = IntStream.range(0, size).mapToObj(i -> new Place()).toList();
    }

    /** Starts an instance where there is none, and returns at once. */
    void launch(int index) {
        Place place = places.get(index);
        if (!isDown(index)) {
            return;
        }
        place.process = relay.launch();
        place.frozen = false;
        place.wanted = true;
        logs.add(place.process.outputFile());
    }

    void launchAll() {
        IntStream.range(0, places.size()).forEach(this::launch);
    }

    void awaitReady(int index, Duration limit) {
        places.get(index).process.awaitReady(limit);
    }

    /** kill -9. */
    void kill(int index) {
        Place place = places.get(index);
        look();
        place.wanted = false;
        kills.add(new Blow(now(), place.process.outputFile()));
        place.process.close();
    }

    /** SIGSTOP; a long one counts as a blow, because the instance loses its partitions. */
    void freeze(int index, boolean isLong) {
        Place place = places.get(index);
        place.frozen = true;
        if (isLong) {
            freezes.add(new Blow(now(), place.process.outputFile()));
        }
        place.process.pause();
    }

    /** SIGCONT, if it is still frozen. */
    void thaw(int index) {
        Place place = places.get(index);
        if (place.frozen) {
            place.frozen = false;
            place.process.resume();
        }
    }

    /** SIGTERM, and waits for the end. */
    void stop(int index) {
        Place place = places.get(index);
        look();
        place.wanted = false;
        stops++;
        int status;
        try {
            status = place.process.stop();
        } catch (AssertionError e) {
            faults.add("not ended by SIGTERM: " + e.getMessage());
            status = STOPPED_IN_ORDER;
        } finally {
            place.process.close();
        }
        // A JVM that has not come to the relay yet has its own status.
        boolean hadBegun = !place.process.lines().isEmpty();
        if (status != STOPPED_IN_ORDER && !(status == ENDED_BY_SIGTERM && !hadBegun)) {
            faults.add("exit status %d after SIGTERM: %s"
                    .formatted(status, place.process.outputFile().getFileName()));
        }
    }

    /** An instance that runs and is not frozen; empty if there is none. */
    List<Integer> upright() {
        return IntStream.range(0, places.size())
                .filter(i -> !isDown(i) && !places.get(i).frozen)
                .boxed()
                .toList();
    }

    /** One of those, by chance; -1 if there is none. */
    int oneUpright(Random random) {
        List<Integer> candidates = upright();
        return candidates.isEmpty() ? -1 : candidates.get(random.nextInt(candidates.size()));
    }

    int size() {
        return places.size();
    }

    /** Sees whether one has ended by itself, which none may, and how much memory each takes. */
    void look() {
        for (Place place : places) {
            if (!place.wanted) {
                continue;
            }
            if (!place.process.isAlive()) {
                place.wanted = false;
                faults.add("ended by itself: %s".formatted(place.process.process()));
                continue;
            }
            mostKilobytes =
                    Math.max(mostKilobytes, memory(place.process.process().pid()));
        }
    }

    /** How many partitions all of them say that they own. */
    int ownedPartitions() {
        return upright().stream()
                .mapToInt(index -> OwnedPartitions.of(places.get(index).process))
                .sum();
    }

    List<Path> logs() {
        return List.copyOf(logs);
    }

    List<Blow> kills() {
        return List.copyOf(kills);
    }

    List<Blow> freezes() {
        return List.copyOf(freezes);
    }

    int stops() {
        return stops;
    }

    /** The most memory that any instance has had at once, in MiB; 0 where the system does not tell. */
    long mostMebibytes() {
        return mostKilobytes / 1024;
    }

    List<String> faults() {
        return List.copyOf(faults);
    }

    @Override
    public void close() {
        places.stream().filter(place -> place.process != null).forEach(place -> place.process.close());
    }

    private boolean isDown(int index) {
        RelayProcess process = places.get(index).process;
        return process == null || !process.isAlive();
    }

    private static long memory(long pid) {
        try {
            Matcher found = HIGHEST_MEMORY.matcher(Files.readString(Path.of("/proc/" + pid + "/status")));
            return found.find() ? Long.parseLong(found.group(1)) : 0;
        } catch (IOException e) {
            // Another system, or a process that has just ended.
            return 0;
        }
    }

    private static Instant now() {
        return Clock.systemUTC().instant();
    }
}

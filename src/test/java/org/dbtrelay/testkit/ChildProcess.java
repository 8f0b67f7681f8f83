package org.dbtrelay.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A process that a test or the demo started, and the signals that can be sent to it. Its output goes straight to a file, so
 * nobody has to read it, and it is still there after a kill. If this JVM ends in order, it takes its children along.
 */
public final class ChildProcess implements AutoCloseable {

    private static final Duration CHECK_AGAIN = Duration.ofMillis(50);
    private static final Duration KILL_LIMIT = Duration.ofSeconds(20);
    private static final int SHOWN_ON_FAILURE = 40;
    private static final Set<ChildProcess> CHILDREN = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(ChildProcess::endAll, "end-children"));
    }

    private final String name;
    private final Process process;
    private final Path output;

    private ChildProcess(String name, Process process, Path output) {
        this.name = name;
        this.process = process;
        this.output = output;
    }

    /**
     * Starts a process.
     *
     * @param name what messages call it
     * @param environment added to this JVM's environment
     * @param output the file for what it prints, both streams; overwritten
     */
    public static ChildProcess start(String name, List<String> command, Map<String, String> environment, Path output) {
        try {
            Files.createDirectories(output.toAbsolutePath().getParent());
            var builder = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectOutput(output.toFile());
            builder.environment().putAll(environment);
            var child = new ChildProcess(name, builder.start(), output);
            CHILDREN.add(child);
            return child;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The {@code java} of the JDK that this JVM runs on. */
    public static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** The exit status, 128 + the signal's number after a signal; empty while it runs. */
    public OptionalInt exitCode() {
        return process.isAlive() ? OptionalInt.empty() : OptionalInt.of(process.exitValue());
    }

    public Path outputFile() {
        return output;
    }

    /** The lines that it has printed so far. */
    public List<String> lines() {
        try {
            // Not readAllLines: while the process writes, the end may be half a character.
            return new String(Files.readAllBytes(output), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The lines printed so far in which the pattern is found. */
    public List<String> lines(Pattern wanted) {
        return lines().stream().filter(line -> wanted.matcher(line).find()).toList();
    }

    /** The last lines printed so far. */
    public List<String> lastLines(int count) {
        List<String> lines = lines();
        return lines.subList(Math.max(0, lines.size() - count), lines.size());
    }

    /**
     * Waits until it prints a line in which the pattern is found.
     *
     * @throws AssertionError if no such line comes in time or the process ends before it
     */
    public Matcher awaitLine(Pattern wanted, Duration limit) {
        return await(
                "a line with '" + wanted + "'",
                limit,
                () -> lines().stream()
                        .map(wanted::matcher)
                        .filter(Matcher::find)
                        .findFirst()
                        .orElse(null));
    }

    /**
     * Waits until the probe gives something else than null.
     *
     * @throws AssertionError if it does not in time, or the process ends before; with the last lines of the output
     */
    public <T> T await(String what, Duration limit, Supplier<T> probe) {
        long start = System.nanoTime();
        while (true) {
            // Asked before the probe: what a process prints last must not be missed.
            boolean over = !process.isAlive();
            T found = probe.get();
            if (found != null) {
                return found;
            }
            if (over) {
                throw failure("ended with status %d before %s".formatted(process.exitValue(), what));
            }
            if (System.nanoTime() - start > limit.toNanos()) {
                throw failure("did not come to %s within %s".formatted(what, limit));
            }
            hasEndedWithin(CHECK_AGAIN);
        }
    }

    /**
     * Waits for the process to end by itself and gives its exit status.
     *
     * @throws AssertionError if it does not end in time
     */
    public int awaitExit(Duration limit) {
        if (!hasEndedWithin(limit)) {
            throw failure("did not end within " + limit);
        }
        return process.exitValue();
    }

    /**
     * Asks it to end (SIGTERM) and waits until it has. Gives the exit status; of a process that has ended before, that one.
     *
     * @throws AssertionError if it does not end in time; then it is killed
     */
    public int stop(Duration limit) {
        process.destroy();
        try {
            return awaitExit(limit);
        } finally {
            kill();
        }
    }

    /** Ends it at once and without a chance to do anything (SIGKILL, which works on a paused process too). */
    public void kill() {
        process.destroyForcibly();
        if (!hasEndedWithin(KILL_LIMIT)) {
            throw failure("survived SIGKILL");
        }
    }

    /** Freezes it where it stands (SIGSTOP): its sockets stay open and nobody answers on them. */
    public void pause() {
        signal("STOP");
    }

    /** Lets it go on after {@link #pause()} (SIGCONT). */
    public void resume() {
        signal("CONT");
    }

    /** Kills it if it still runs. */
    @Override
    public void close() {
        kill();
    }

    @Override
    public String toString() {
        return "%s (pid %d, output in %s)".formatted(name, process.pid(), output);
    }

    private void signal(String signal) {
        try {
            int status = new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                    .inheritIO()
                    .start()
                    .waitFor();
            if (status != 0) {
                throw failure("could not be sent SIG" + signal);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private boolean hasEndedWithin(Duration limit) {
        try {
            return process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private AssertionError failure(String what) {
        return new AssertionError(lastLines(SHOWN_ON_FAILURE).stream()
                .collect(Collectors.joining("\n  ", "%s %s. Its last lines:%n  ".formatted(this, what), "")));
    }

    private IllegalStateException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new IllegalStateException("Interrupted while waiting for " + this, e);
    }

    private static void endAll() {
        CHILDREN.forEach(child -> child.process.destroy());
    }
}

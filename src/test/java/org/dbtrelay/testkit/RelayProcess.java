package org.dbtrelay.testkit;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * The packaged application as a child process, on free ports of 127.0.0.1, with the JDK of this JVM. One object is one
 * process; to start the same relay again, call {@link Builder#start()} again: it gets other ports and another output file.
 */
public final class RelayProcess implements AutoCloseable {

    /** System property with the path of the jar; without it {@value #DEFAULT_JAR}. */
    public static final String JAR_PROPERTY = "relay.jar";

    private static final String CACHE = "relay.aot";

    /** The main class of the package, for a command line that cannot use {@code -jar}. */
    public static final String MAIN_CLASS = "io.quarkus.bootstrap.runner.AotQuarkusEntryPoint";

    private static final String DEFAULT_JAR = "target/quarkus-app/quarkus-run.jar";
    // Quarkus prints after its start: "… Listening on: http://127.0.0.1:36665. Management interface listening
    // on http://127.0.0.1:40751."
    private static final Pattern HTTP = Pattern.compile("Listening on: https?://[^\\s/]*?:(\\d+)");
    private static final Pattern MANAGEMENT =
            Pattern.compile("Management interface listening on https?://[^\\s/]*?:(\\d+)");
    private static final Duration START_LIMIT = Duration.ofSeconds(60);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(45);
    private static final Duration ONE_CALL = Duration.ofSeconds(30);

    /** Of a process that may be paused, and is asked again. */
    private static final Duration ONE_QUESTION = Duration.ofSeconds(5);

    private static final AtomicInteger STARTED = new AtomicInteger();

    private final ChildProcess process;
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(ONE_CALL).build();

    private RelayProcess(ChildProcess process) {
        this.process = process;
    }

    /** A relay to configure; the name is part of its output file's, {@code target/relay/<number>-<name>.log}. */
    public static Builder named(String name) {
        return new Builder(name);
    }

    /**
     * Waits until {@code /q/health/ready} says 200.
     *
     * @throws AssertionError if it does not in time, or the process ends before; with the last lines of its output
     */
    public RelayProcess awaitReady(Duration limit) {
        process.await("readiness", limit, () -> isReady() ? true : null);
        return this;
    }

    /** Waits until {@code /q/health/live} says 200, as {@link #awaitReady}. */
    RelayProcess awaitLive(Duration limit) {
        process.await("liveness", limit, () -> isWell("/q/health/live") ? true : null);
        return this;
    }

    /** Whether {@code /q/health/ready} says 200 now; false too while the process starts, is paused or has ended. */
    public boolean isReady() {
        return isWell("/q/health/ready");
    }

    private boolean isWell(String health) {
        if (process.lines(MANAGEMENT).isEmpty()) {
            return false;
        }
        try {
            return ask(managementUrl().resolve(health)).statusCode() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    /** Root of the HTTP API, {@code http://127.0.0.1:<port>/}; waits for the process to tell its port. */
    public URI url() {
        return local(HTTP);
    }

    /** Root of the management interface (health, metrics), {@code http://127.0.0.1:<port>/}; waits for the process to tell its port. */
    public URI managementUrl() {
        return local(MANAGEMENT);
    }

    /**
     * Reads an address as text.
     *
     * @throws IOException if there is no answer within half a minute
     */
    public HttpResponse<String> get(URI address) throws IOException {
        return send(HttpRequest.newBuilder(address).timeout(ONE_CALL).build());
    }

    /**
     * As {@link #get}, for those who ask again and again and take no answer for one, because the process may be paused.
     *
     * @throws IOException if there is no answer within five seconds
     */
    public HttpResponse<String> ask(URI address) throws IOException {
        return send(HttpRequest.newBuilder(address).timeout(ONE_QUESTION).build());
    }

    /**
     * Sends a request of any kind and reads the answer as text.
     *
     * @throws IOException if there is no answer
     */
    public HttpResponse<String> send(HttpRequest request) throws IOException {
        try {
            return http.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while waiting for " + request.uri(), e);
        }
    }

    /** SIGTERM, then waits until the process has ended; gives its exit status (0 after a stop in order). */
    public int stop() {
        return process.stop(STOP_LIMIT);
    }

    /** SIGKILL. */
    public void kill() {
        process.kill();
    }

    /** SIGSTOP. */
    public void pause() {
        process.pause();
    }

    /** SIGCONT. */
    public void resume() {
        process.resume();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** The exit status; empty while it runs. */
    public OptionalInt exitCode() {
        return process.exitCode();
    }

    /** All that it has printed so far. */
    public List<String> lines() {
        return process.lines();
    }

    public Path outputFile() {
        return process.outputFile();
    }

    /** The process behind it, for waiting on lines and the exit. */
    public ChildProcess process() {
        return process;
    }

    /** Kills it if it still runs. */
    @Override
    public void close() {
        process.close();
        http.shutdownNow();
    }

    private URI local(Pattern port) {
        return URI.create(
                "http://127.0.0.1:" + process.awaitLine(port, START_LIMIT).group(1) + "/");
    }

    /** The configuration of a relay; can be started more than once. */
    public static final class Builder {

        private final String name;
        private final Map<String, String> settings = new LinkedHashMap<>();
        private final Map<String, String> environment = new LinkedHashMap<>();
        private final List<String> options = new ArrayList<>(List.of("-Xmx128m"));
        private Path jar = Path.of(System.getProperty(JAR_PROPERTY, DEFAULT_JAR));
        private Path extra;
        private Path outputDirectory = Path.of("target", "relay");
        private Function<Map<String, String>, List<String>> launcher = this::withTheJar;

        private Builder(String name) {
            this.name = name;
            settings.put("quarkus.http.host", "127.0.0.1");
            settings.put("quarkus.http.port", "0");
            settings.put("quarkus.management.host", "127.0.0.1");
            settings.put("quarkus.management.port", "0");
        }

        /** Sets a configuration key, passed as a system property. Visible in the process list: no real secrets. */
        public Builder set(String key, String value) {
            settings.put(key, value);
            return this;
        }

        /** Leaves a key that was set to its default, for processes that are started after this. */
        public Builder unset(String key) {
            settings.remove(key);
            return this;
        }

        /** Sets configuration keys, as {@link #set}. */
        public Builder set(Map<String, String> keys) {
            settings.putAll(keys);
            return this;
        }

        /** Sets an environment variable. */
        public Builder environment(String variable, String value) {
            environment.put(variable, value);
            return this;
        }

        /** Adds an option of the JVM, for example {@code -Xmx256m}; of two that contradict each other the last one counts. */
        public Builder option(String option) {
            options.add(option);
            return this;
        }

        /** Another jar than the one that {@value #JAR_PROPERTY} names. */
        public Builder jar(Path other) {
            this.jar = other;
            return this;
        }

        /** The JVM's cache that belongs to the jar, whether it is there or not; packaging the jar anew removes it. */
        public Path cache() {
            return jar.toAbsolutePath().resolveSibling(CACHE);
        }

        /** A further jar on its class path, as {@code docs/kafka.md} tells to add one. */
        public Builder extraJar(Path further) {
            this.extra = further;
            return this;
        }

        /** The directory for the output files, in place of {@code target/relay}. */
        public Builder outputDirectory(Path other) {
            this.outputDirectory = other;
            return this;
        }

        /**
         * Has its processes started by another command than the JVM of this one with the jar; options and environment that were
         * set here are then up to that command.
         *
         * @param other makes the command of the configuration
         */
        public Builder launchedBy(Function<Map<String, String>, List<String>> other) {
            this.launcher = other;
            return this;
        }

        /** Starts a process and returns at once. */
        public RelayProcess start() {
            if (!Files.isRegularFile(jar)) {
                throw new IllegalStateException(
                        "No packaged application at %s: run ./mvnw package first".formatted(jar.toAbsolutePath()));
            }
            Path output = outputDirectory.resolve("%03d-%s.log".formatted(STARTED.incrementAndGet(), name));
            return new RelayProcess(ChildProcess.start(name, launcher.apply(settings), environment, output));
        }

        private List<String> withTheJar(Map<String, String> keys) {
            var command = new ArrayList<String>();
            command.add(ChildProcess.java());
            command.addAll(options);
            Path cache = cache();
            // An agent would have the JVM say that it does without.
            if (Files.isRegularFile(cache) && options.stream().noneMatch(option -> option.startsWith("-javaagent:"))) {
                command.add("-XX:AOTCache=" + cache);
            }
            keys.forEach((key, value) -> command.add("-D" + key + "=" + value));
            if (extra == null) {
                command.addAll(List.of("-jar", jar.toString()));
            } else {
                command.addAll(List.of("-cp", jar + File.pathSeparator + extra, MAIN_CLASS));
            }
            return command;
        }
    }
}

package org.dbtrelay.testkit;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The broker of {@link EmbeddedKafka} as a process of its own, to be killed, frozen and started again on the same data and
 * the same port.
 */
public final class ForkedKafka implements AutoCloseable {

    private static final Pattern READY =
            Pattern.compile(Pattern.quote(EmbeddedKafkaMain.READY) + "127\\.0\\.0\\.1:(\\d+)");
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** Written by the build: the libraries of other processes, with {@code -Pbroker} those of another Kafka too. */
    private static final Path OTHER_LIBRARIES = Path.of("target", "s3mock.classpath");

    private final Path dataDirectory;
    private final String classPath;
    private int port;
    private int starts;
    private ChildProcess process;

    private ForkedKafka(Path dataDirectory, String classPath) {
        this.dataDirectory = dataDirectory;
        this.classPath = classPath;
    }

    /** A broker on this directory, which is made if absent and never deleted; not started yet. */
    public static ForkedKafka in(Path dataDirectory) {
        return new ForkedKafka(dataDirectory, ownClassPath());
    }

    /** As {@link #in}, of another version than the tests' own, for which the build has fetched the libraries. */
    public static ForkedKafka ofVersion(String version, Path dataDirectory) {
        try {
            List<String> others = elements(Files.readString(OTHER_LIBRARIES).strip());
            if (others.stream().noneMatch(jar -> jar.endsWith("kafka_2.13-" + version + ".jar"))) {
                throw new IllegalStateException("There is no Kafka " + version + "; run with -Pbroker");
            }
            // Without the S3 server's logging, which would log for the broker, and with one version of Kafka.
            String classPath = Stream.concat(
                            others.stream().filter(jar -> !jar.contains("logback")),
                            elements(ownClassPath()).stream()
                                    .filter(jar -> !jar.contains("/org/apache/kafka/") && !jar.endsWith("/classes")))
                    .collect(Collectors.joining(File.pathSeparator));
            return new ForkedKafka(dataDirectory, classPath);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> elements(String classPath) {
        return List.of(classPath.split(File.pathSeparator));
    }

    /** Surefire's own property: under it java.class.path may be only a jar that names the others. */
    private static String ownClassPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }

    /** Starts the broker, after {@link #stop()} or {@link #kill()} again, and returns when it serves clients. */
    public ForkedKafka start() {
        if (process != null && process.isAlive()) {
            throw new IllegalStateException("The broker runs already: " + process);
        }
        process = ChildProcess.start(
                "kafka",
                List.of(
                        ChildProcess.java(),
                        "-Xmx256m",
                        "-XX:+UseSerialGC",
                        "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
                        "-cp",
                        classPath,
                        EmbeddedKafkaMain.class.getName(),
                        dataDirectory.toString(),
                        Integer.toString(port)),
                Map.of(),
                dataDirectory.resolveSibling("%s-%d.log".formatted(dataDirectory.getFileName(), ++starts)));
        port = Integer.parseInt(process.awaitLine(READY, LIMIT).group(1));
        return this;
    }

    /** {@code 127.0.0.1:<port>}, the same over restarts; known from the first {@link #start()} on. */
    public String bootstrapServers() {
        if (port == 0) {
            throw new IllegalStateException("The broker has not been started yet, so it has no port");
        }
        return "127.0.0.1:" + port;
    }

    /** New clients of this broker, for the caller to close. */
    public KafkaClients newClients() {
        return new KafkaClients(bootstrapServers());
    }

    /** SIGTERM: the broker leaves in good order. */
    public void stop() {
        process.stop(LIMIT);
    }

    /** SIGKILL. */
    public void kill() {
        process.kill();
    }

    /** SIGSTOP: connections stay open, nobody answers. */
    public void pause() {
        process.pause();
    }

    /** SIGCONT. */
    public void resume() {
        process.resume();
    }

    /** Kills the broker if it still runs. */
    @Override
    public void close() {
        if (process != null) {
            process.close();
        }
    }
}

package org.dbtrelay.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.dbtrelay.testkit.ChildProcess;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * All histories, beside the other integration tests: these mostly wait, and the process of this one takes what they leave of the
 * processors.
 */
class SimulationIT {

    private static final Duration LIMIT = Duration.ofMinutes(55);
    private static final int SHOWN = 200;

    @Test
    @Timeout(value = 1, unit = TimeUnit.HOURS)
    void whatIsPromisedHoldsInEveryHistory() {
        Path output = Path.of("target", "simulation.log");
        try (var process = ChildProcess.start("simulation", command(), Map.of(), output)) {
            int status = process.awaitExit(LIMIT);
            process.lines().stream()
                    .filter(line -> line.contains(" histories from seed "))
                    .forEach(System.out::println);
            assertThat(status)
                    .as("%s; the end of %s", String.join("\n", process.lastLines(SHOWN)), output)
                    .isZero();
        }
    }

    private static List<String> command() {
        List<String> command = new ArrayList<>(lowestPriority());
        command.addAll(List.of(
                ChildProcess.java(),
                "-Xmx1g",
                "-XX:+UseSerialGC",
                "--add-opens=java.base/java.lang=ALL-UNNAMED",
                "-Djdk.trackAllThreads=false",
                "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                SimulationMain.class.getName(),
                Long.toString(SimulationTest.HISTORIES)));
        return command;
    }

    private static List<String> lowestPriority() {
        boolean hasNice = Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, "nice")));
        return hasNice ? List.of("nice", "-n", "19") : List.of();
    }
}

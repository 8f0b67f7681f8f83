package org.dbtrelay.soak;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The whole relay under fire: a minute of it by itself, as long as wanted with {@code ./mvnw verify -Psoak -Dsoak.minutes=30
 * -Dsoak.seed=7}. What all processes printed stays in {@code target/soak/<seed>} if anything was wrong.
 */
@Tag("soak")
class SoakIT {

    private static final Duration SHORT = Duration.ofSeconds(75);
    private static final long SEED = Long.getLong("soak.seed", 20261123);
    private static final double MINUTES =
            Double.parseDouble(System.getProperty("soak.minutes", Double.toString(SHORT.toSeconds() / 60.0)));
    private static final int COMMANDS_PER_SECOND = Integer.getInteger("soak.commands-per-second", 8);
    private static final Duration LONGEST_GAP =
            Duration.ofSeconds(Integer.getInteger("soak.longest-gap", MINUTES < 5 ? 4 : 14));

    @Test
    @Timeout(value = 2, unit = TimeUnit.DAYS)
    void nothingIsLostAndNothingStartsTwice() throws IOException {
        Path directory = Path.of("target", "soak", Long.toString(SEED)).toAbsolutePath();
        delete(directory);
        Files.createDirectories(directory);
        List<String> violations;
        String summary;
        try (var soak = new Soak(directory, SEED, COMMANDS_PER_SECOND)) {
            soak.attackFor(Duration.ofMillis((long) (MINUTES * 60_000)), LONGEST_GAP);
            violations = soak.violations();
            summary = soak.summary(violations.size());
        }
        System.out.println(summary);
        if (violations.isEmpty()) {
            delete(directory);
            Files.createDirectories(directory);
        }
        Files.writeString(directory.resolve("summary.txt"), summary + "\n" + String.join("\n", violations) + "\n");
        assertThat(violations).as(summary).isEmpty();
    }

    private static void delete(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(directory)) {
            for (Path path : new ArrayList<>(tree.toList()).reversed()) {
                Files.delete(path);
            }
        }
    }
}

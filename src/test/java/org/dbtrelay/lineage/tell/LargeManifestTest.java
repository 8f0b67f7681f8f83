package org.dbtrelay.lineage.tell;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.dbtrelay.testkit.ChildProcess;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A manifest of 300 megabytes, of which a step has run 5,000 nodes: their lineage fits into a heap of 96 megabytes. */
class LargeManifestTest {

    private static final Pattern COUNTS = Pattern.compile("events=(\\d+) inputs=(\\d+) bytes=(\\d+)");
    private static final int MEGABYTES = 300;
    private static final int NODES = 5_000;

    @TempDir
    Path directory;

    @Test
    void passesByInASmallHeap() {
        try (ChildProcess process = ChildProcess.start(
                "large-manifest",
                LargeManifest.command(ChildProcess.java(), "-Xmx96m", MEGABYTES, NODES),
                Map.of(),
                directory.resolve("large-manifest.log"))) {
            MatchResult counts = process.awaitLine(COUNTS, Duration.ofMinutes(3));

            assertThat(Integer.parseInt(counts.group(1))).isEqualTo(2 * NODES + 2);
            assertThat(Integer.parseInt(counts.group(2))).isEqualTo(4 * NODES);
            // A pass for the graph, one for the parents that were passed over, one for the details.
            assertThat(Long.parseLong(counts.group(3)))
                    .isBetween(2L * MEGABYTES * 1024 * 1024 * 9 / 10, 3L * MEGABYTES * 1024 * 1024 * 11 / 10);
        }
    }
}

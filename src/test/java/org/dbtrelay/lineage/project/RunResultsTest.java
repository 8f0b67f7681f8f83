package org.dbtrelay.lineage.project;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class RunResultsTest {

    private static RunResults of(int rows, int idLength) throws IOException {
        StringBuilder json = new StringBuilder("{\"results\": [");
        for (int i = 0; i < rows; i++) {
            json.append(i == 0 ? "" : ",")
                    .append("{\"unique_id\": \"model.%s%06d\", \"status\": \"error\", \"message\": \"%s\"}"
                            .formatted("x".repeat(idLength), i, "m".repeat(900)));
        }
        return RunResults.read(
                new ByteArrayInputStream(json.append("]}").toString().getBytes(StandardCharsets.UTF_8)));
    }

    /** Half of the room is for messages; behind it only ids are kept, so that no node is left out for the sake of words. */
    @Test
    void dropMessagesBeforeNodes() throws IOException {
        RunResults results = of(20_000, 10);

        assertThat(results.nodes()).hasSize(20_000);
        assertThat(results.left()).isZero();
        assertThat(results.nodes().getFirst().message()).hasSize(900);
        assertThat(results.nodes().getLast().message()).isNull();
        assertThat(text(results)).isLessThanOrEqualTo(RunResults.MOST_TEXT);
    }

    @Test
    void leaveOutNodesForWhichThereIsNoRoom() throws IOException {
        RunResults results = of(45_000, 480);

        assertThat(results.left()).isPositive();
        assertThat(results.nodes().size() + results.left()).isEqualTo(45_000);
        assertThat(text(results)).isLessThanOrEqualTo(RunResults.MOST_TEXT);
    }

    private static int text(RunResults results) {
        return results.nodes().stream()
                .mapToInt(node -> node.uniqueId().length()
                        + (node.message() == null ? 0 : node.message().length()))
                .sum();
    }
}

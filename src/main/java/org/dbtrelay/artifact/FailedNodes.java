package org.dbtrelay.artifact;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.dbtrelay.dbtcloud.redaction.Redaction;
import org.dbtrelay.run.job.RunFailure.FailedNode;
import org.dbtrelay.run.job.Truncate;

/** The failing nodes of a {@code run_results.json}, in the file's order and cut down to what fits into an event. */
final class FailedNodes {

    /** At most so many. */
    static final int MOST = 50;

    /** The length of a message, in characters. */
    static final int LONGEST_MESSAGE = 1_000;

    /** The size of all of them together, in bytes of UTF-8. */
    static final int MOST_BYTES = 16 * 1024;

    private static final int LONGEST_ID = 250;

    /** Those that make dbt exit with an error. A skipped node did not fail: one before it did. */
    private static final Set<String> FAILING = Set.of("error", "fail", "runtime error", "partial success");

    private final List<FailedNode> nodes = new ArrayList<>();

    /**
     * Reads no further than it has to.
     *
     * @throws IOException the transfer broke, or the bytes are not what dbt writes
     */
    static List<FailedNode> read(InputStream runResults) throws IOException {
        FailedNodes reading = new FailedNodes();
        DbtJson.readObject(runResults, (name, value) -> {
            if (name.equals("results")) {
                return ResultRow.readAll(value, reading::add);
            }
            value.skipChildren();
            return true;
        });
        return reading.fitting();
    }

    /** Takes it if it failed; false if there is no place for more. */
    boolean add(ResultRow row) {
        String uniqueId = row.uniqueId();
        String status = row.status();
        if (nodes.size() < MOST
                && uniqueId != null
                && status != null
                && FAILING.contains(status.toLowerCase(Locale.ROOT))) {
            nodes.add(new FailedNode(id(uniqueId), status, Redaction.of(LONGEST_MESSAGE, row.message())));
        }
        return nodes.size() < MOST;
    }

    static String id(String uniqueId) {
        return Redaction.withoutControl(LONGEST_ID, uniqueId);
    }

    /** All of them, their messages shortened alike until they fit together. */
    List<FailedNode> fitting() {
        List<FailedNode> fitting = nodes;
        for (int longest = LONGEST_MESSAGE; bytes(fitting) > MOST_BYTES && longest > 0; longest = longest * 3 / 4) {
            int limit = longest;
            fitting = fitting.stream()
                    .map(node -> new FailedNode(
                            node.uniqueId(),
                            node.status(),
                            node.message() == null ? null : Truncate.withEllipsis(limit, node.message())))
                    .toList();
        }
        return fitting;
    }

    private static int bytes(List<FailedNode> nodes) {
        return nodes.stream()
                .mapToInt(node -> bytes(node.uniqueId())
                        + bytes(node.status())
                        + (node.message() == null ? 0 : bytes(node.message())))
                .sum();
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}

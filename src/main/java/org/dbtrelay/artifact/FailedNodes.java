package org.dbtrelay.artifact;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.dbtrelay.dbtcloud.Redaction;
import org.dbtrelay.run.RunFailure.FailedNode;
import org.jspecify.annotations.Nullable;

/** The failing nodes of a {@code run_results.json}, in the file's order and cut down to what fits into an event. */
final class FailedNodes {

    /** At most so many. */
    static final int MOST = 50;

    /** The length of a message, in characters. */
    static final int LONGEST_MESSAGE = 1_000;

    /** The size of all of them together, in bytes of UTF-8. */
    static final int MOST_BYTES = 16 * 1024;

    /** A secret that the cut would divide is still seen as one. */
    private static final int LONGEST_READ = 4 * LONGEST_MESSAGE;

    private static final int LONGEST_ID = 250;

    /** Those that make dbt exit with an error. A skipped node did not fail: one before it did. */
    private static final Set<String> FAILING = Set.of("error", "fail", "runtime error", "partial success");

    private final List<FailedNode> nodes = new ArrayList<>();

    private @Nullable String uniqueId;
    private @Nullable String status;
    private @Nullable String message;

    private FailedNodes() {}

    /**
     * Reads no further than it has to.
     *
     * @throws IOException the transfer broke, or the bytes are not what dbt writes
     */
    static List<FailedNode> read(InputStream runResults) throws IOException {
        FailedNodes reading = new FailedNodes();
        DbtJson.readObject(runResults, reading::field);
        return fitting(reading.nodes);
    }

    private boolean field(String name, JsonParser value) throws IOException {
        if (!name.equals("results") || !value.isExpectedStartArrayToken()) {
            value.skipChildren();
            return true;
        }
        while (nodes.size() < MOST && value.nextToken() != JsonToken.END_ARRAY) {
            uniqueId = null;
            status = null;
            message = null;
            DbtJson.fields(value, this::resultField);
            if (uniqueId != null && status != null && FAILING.contains(status.toLowerCase(Locale.ROOT))) {
                nodes.add(new FailedNode(cut(uniqueId, LONGEST_ID), status, message));
            }
        }
        return false;
    }

    private boolean resultField(String name, JsonParser value) throws IOException {
        switch (name) {
            case "unique_id" -> uniqueId = DbtJson.text(value);
            case "status" -> status = DbtJson.text(value);
            case "message" -> {
                String text = DbtJson.text(value);
                message = text == null ? null : cut(Redaction.blotOut(cut(text, LONGEST_READ)), LONGEST_MESSAGE);
            }
            default -> value.skipChildren();
        }
        return true;
    }

    /** Shortens all messages alike until they fit together. */
    private static List<FailedNode> fitting(List<FailedNode> nodes) {
        List<FailedNode> fitting = nodes;
        for (int longest = LONGEST_MESSAGE; bytes(fitting) > MOST_BYTES && longest > 0; longest = longest * 3 / 4) {
            int limit = longest;
            fitting = fitting.stream()
                    .map(node -> new FailedNode(
                            node.uniqueId(), node.status(), node.message() == null ? null : cut(node.message(), limit)))
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

    private static String cut(String text, int length) {
        if (text.length() <= length) {
            return text;
        }
        int end = length - 1;
        return text.substring(0, Character.isHighSurrogate(text.charAt(end - 1)) ? end - 1 : end) + "…";
    }
}

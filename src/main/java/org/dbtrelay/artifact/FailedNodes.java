package org.dbtrelay.artifact;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dbtrelay.dbtcloud.redaction.Redaction;
import org.dbtrelay.run.job.FailedNode;
import org.dbtrelay.run.job.FailedNode.Source;
import org.dbtrelay.run.job.NodeStatus.NodeClass;
import org.dbtrelay.run.job.Truncate;
import org.jspecify.annotations.Nullable;

/** The nodes of one class, such as the failed ones, in the order of their file and cut down to what fits into an event. */
final class FailedNodes {

    /** At most so many. */
    static final int MOST = 50;

    /** The length of a message, in characters. */
    static final int LONGEST_MESSAGE = 1_000;

    /** The size of all of them together, in bytes of UTF-8. */
    static final int MOST_BYTES = 16 * 1024;

    /** Of an id, a relation or a path. */
    private static final int LONGEST_NAME = 250;

    /** So much of a message is searched for the path of the compiled code, which stands at its end. */
    private static final int SEARCHED = 16 * 1024;

    /** dbt Core ends the message of a database's error so: {@code compiled code at target/run/shop/models/orders.sql}. */
    private static final Pattern COMPILED = Pattern.compile("(?i)compiled (?:code|sql) at ([^\\s]{1,1000})");

    /**
     * The failed nodes of a file.
     *
     * @param generatedAt when dbt wrote the file; null if it does not tell before its results
     */
    record Read(@Nullable Instant generatedAt, List<FailedNode> nodes) {}

    private final NodeClass wanted;
    private final List<FailedNode> nodes = new ArrayList<>();

    FailedNodes(NodeClass wanted) {
        this.wanted = wanted;
    }

    /**
     * The failed nodes. Reads no further than it has to.
     *
     * @throws IOException the transfer broke, or the bytes are not what dbt writes
     */
    static Read read(InputStream runResults) throws IOException {
        FailedNodes reading = new FailedNodes(NodeClass.FAILED);
        AtomicReference<@Nullable Instant> generatedAt = new AtomicReference<>();
        DbtJson.readObject(runResults, (name, value) -> {
            if (name.equals("results")) {
                return ResultRow.readAll(value, reading::add);
            }
            if (name.equals("metadata")) {
                DbtJson.fields(value, (field, text) -> {
                    if (field.equals("generated_at")) {
                        generatedAt.set(DbtJson.instant(text));
                    } else {
                        text.skipChildren();
                    }
                    return true;
                });
            } else {
                value.skipChildren();
            }
            return true;
        });
        return new Read(generatedAt.get(), reading.fitting());
    }

    /** Takes it if it is of the class; false if there is no place for more. */
    boolean add(ResultRow row) {
        String uniqueId = row.uniqueId();
        String status = row.status();
        if (nodes.size() < MOST && uniqueId != null && status != null && row.nodeClass() == wanted) {
            nodes.add(new FailedNode(
                    id(uniqueId),
                    status,
                    Redaction.of(LONGEST_MESSAGE, row.message()),
                    row.failures(),
                    row.relationName() == null ? null : id(row.relationName()),
                    compiledPath(row.message()),
                    Source.ARTIFACT));
        }
        return nodes.size() < MOST;
    }

    static String id(String uniqueId) {
        return Redaction.withoutControl(LONGEST_NAME, uniqueId);
    }

    private static @Nullable String compiledPath(@Nullable String message) {
        if (message == null) {
            return null;
        }
        Matcher path = COMPILED.matcher(message);
        return path.region(Math.max(0, message.length() - SEARCHED), message.length())
                        .find()
                ? Redaction.beginning(LONGEST_NAME, path.group(1))
                : null;
    }

    /** All of them, their messages shortened alike until they fit together. */
    List<FailedNode> fitting() {
        return fitting(nodes);
    }

    /** The first of these nodes, their messages shortened alike until they fit together. */
    static List<FailedNode> fitting(List<FailedNode> nodes) {
        List<FailedNode> fitting = nodes.subList(0, Math.min(MOST, nodes.size()));
        for (int longest = LONGEST_MESSAGE; bytes(fitting) > MOST_BYTES && longest > 0; longest = longest * 3 / 4) {
            int limit = longest;
            fitting = fitting.stream()
                    .map(node -> node.withMessage(
                            node.message() == null ? null : Truncate.withEllipsis(limit, node.message())))
                    .toList();
        }
        return List.copyOf(fitting);
    }

    private static int bytes(List<FailedNode> nodes) {
        return nodes.stream()
                .mapToInt(node -> bytes(node.uniqueId()) + bytes(node.status()) + bytes(node.message()))
                .sum();
    }

    private static int bytes(@Nullable String text) {
        return text == null ? 0 : text.getBytes(StandardCharsets.UTF_8).length;
    }
}

package org.dbtrelay.dbtcloud.runs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dbtrelay.dbtcloud.redaction.Redaction;
import org.dbtrelay.run.job.FailedNode;
import org.dbtrelay.run.job.FailedNode.Source;
import org.jspecify.annotations.Nullable;

/**
 * Reads failed nodes out of the end of a step's log of dbt v2 (Fusion), whose {@code run_results.json} can lack them
 * (dbt-labs/dbt-fusion issues 1130 and 1437). Two shapes are known:
 *
 * <ul>
 *   <li>OTel as one JSON object a line ({@code --log-format otel}; docs.getdbt.com, "Telemetry and observability"): the end of a
 *       node's span has its outcome, and a log record of the severity ERROR with the node's id has the message. The names of the
 *       fields are those of dbt Labs' Protocol Buffers ({@code NodeEvaluated}, {@code NodeProcessed}, {@code LogMessage}), which
 *       only ever get more.
 *   <li>The text of a terminal: {@code Failed [  1.74s] test audit.unique_orders_id (models/orders.yml:6:9)}, as the issues of
 *       dbt-labs/dbt-fusion quote it. It has no id of dbt's, so type and relation stand in its place.
 * </ul>
 *
 * <p>dbt Core's logs have neither. The time is linear in the log, of which only its end comes here, and before it the lines with one
 * of {@link #WORDS}.
 */
final class StepLog {

    /**
     * Each line of the log that may name a failed node, or tell its message, has one of these, as it stands in JSON inside of JSON.
     * The quotes of the outer JSON's strings have one backslash; dbt may write a blank after a colon, or none.
     */
    static final Set<String> WORDS = Set.of(
            "OUTCOME_ERROR",
            "OUTCOME_FAILED",
            "\\\"error\\\"",
            "\\\"failed\\\"",
            "\\\"ERROR\\\"",
            "Failed [",
            // The escape of a colour, which JSON writes in either case.
            "Failed\\u001b[",
            "Failed\\u001B[");

    /** In an event there is no place for more. */
    private static final int MOST = 50;

    private static final int LONGEST_NAME = 250;
    private static final int LONGEST_MESSAGE = 1_000;
    private static final int LONGEST_TEXT_LINE = 1_000;

    private static final ObjectReader JSON = JsonMapper.builder().build().reader();

    private static final Pattern FAILED =
            Pattern.compile("^ {0,20}Failed +\\[[ 0-9a-z.]{1,20}\\] +([a-z_]{1,30}(?: test)?) +([^ ]+)(?: .*)?$");

    private final Map<String, FailedNode> failed = new LinkedHashMap<>();
    private final Map<String, String> messages = new LinkedHashMap<>();

    private StepLog() {}

    /** The failed nodes that a log names, at most 50, in its order; the first line may be cut. */
    static List<FailedNode> failedNodes(String log) {
        StepLog reading = new StepLog();
        log.lines().forEach(reading::line);
        List<FailedNode> nodes = new ArrayList<>();
        for (FailedNode node : reading.failed.values()) {
            String message = reading.messages.get(node.uniqueId());
            nodes.add(message == null ? node : node.withMessage(message));
        }
        return nodes;
    }

    private void line(String line) {
        if (line.startsWith("{")) {
            try {
                event(JSON.readTree(line));
            } catch (JsonProcessingException e) {
                // Another program's line, or one that was cut.
            }
        } else if (line.length() <= LONGEST_TEXT_LINE) {
            Matcher text = FAILED.matcher(Redaction.withoutControl(LONGEST_TEXT_LINE, line));
            if (text.matches()) {
                String type = text.group(1);
                String relation = text.group(2);
                put(type + " " + relation, type.endsWith("test") ? "fail" : "error", null, relation);
            }
        }
    }

    private void event(JsonNode event) {
        String kind = event.path("event_type").asText("");
        JsonNode attributes = event.path("attributes");
        String node = attributes.path("unique_id").asText("");
        if (node.isEmpty()) {
            return;
        }
        if (event.path("record_type").asText("").equals("SpanEnd")
                && (kind.endsWith(".NodeEvaluated") || kind.endsWith(".NodeProcessed"))) {
            JsonNode test = attributes.path("node_test_detail");
            if (says(attributes.path("node_outcome"), "error")) {
                put(node, "error", null, relation(attributes));
            } else if (says(test.path("test_outcome"), "failed")) {
                JsonNode rows = test.path("failing_rows");
                put(node, "fail", rows.canConvertToLong() && rows.asLong() >= 0 ? rows.asLong() : null, null);
            }
        } else if (event.path("severity_text").asText("").equalsIgnoreCase("ERROR") && messages.size() < MOST) {
            @Nullable
            String message = Redaction.of(LONGEST_MESSAGE, event.path("body").asText(""));
            if (message != null && !message.isBlank()) {
                messages.putIfAbsent(name(node), message);
            }
        }
    }

    /** Whether an enumeration has a value; written is its long name, documented its short one. */
    private static boolean says(JsonNode value, String word) {
        String text = value.asText("").toLowerCase(Locale.ROOT);
        return text.equals(word) || text.endsWith("_outcome_" + word);
    }

    private static @Nullable String relation(JsonNode attributes) {
        String relation = Stream.of("database", "schema", "identifier")
                .map(part -> attributes.path(part).asText(""))
                .filter(part -> !part.isEmpty())
                .collect(Collectors.joining("."));
        return relation.isEmpty() ? null : relation;
    }

    private void put(String node, String status, @Nullable Long failures, @Nullable String relation) {
        if (failed.size() < MOST) {
            failed.putIfAbsent(
                    name(node),
                    new FailedNode(
                            name(node),
                            status,
                            null,
                            failures,
                            relation == null ? null : name(relation),
                            null,
                            Source.LOG));
        }
    }

    private static String name(String text) {
        return Redaction.withoutControl(LONGEST_NAME, text);
    }
}

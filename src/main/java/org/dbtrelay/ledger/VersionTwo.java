package org.dbtrelay.ledger;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.dbtrelay.run.EventType;
import org.dbtrelay.run.RunEntry;
import org.dbtrelay.run.RunState;
import org.dbtrelay.run.StartCall;

/**
 * Entries as version 2 had them: it knew nothing but triggers, so what was ordered stood in the order itself, terms and all;
 * and the place of a command's record was not kept.
 */
final class VersionTwo {

    private static final List<String> OF_TASK = List.of("cause", "overrides");
    private static final List<String> OF_TERMS =
            List.of("poll_interval", "deadline", "cancel_at_deadline", "park_unclear", "artifacts");

    private VersionTwo() {}

    /** Whether version 2 has a shape for the entry: it is one of a trigger, and of nothing that version 3 brought. */
    static boolean canHold(RunEntry entry) {
        boolean triggered = switch (entry.state()) {
            case RunState.Starting starting -> starting.call() instanceof StartCall.Trigger;
            case RunState.Looking looking -> looking.call() instanceof StartCall.Trigger;
            case RunState.WithRun withRun -> true;
            case RunState.Waiting waiting -> true;
            case RunState.Finished finished -> true;
        };
        return triggered && (entry.order() == null || entry.order().plainlyTriggers());
    }

    /** The entry in the shape of version 3. */
    static ObjectNode fromVersionTwo(ObjectNode entry) {
        entry.put("offset", RunEntry.NO_OFFSET);
        if (entry.path("order") instanceof ObjectNode order) {
            order.remove("verb");
            ObjectNode task = order.putObject("task").put("task", "trigger");
            task.set("job", order.remove("selector"));
            task.put("retry_from_failure", false).put("dry_run", false);
            move(OF_TASK, order, task);
            ObjectNode terms = order.putObject("terms").put("if_running", "QUEUE");
            move(OF_TERMS, order, terms);
        }
        if (entry.path("state") instanceof ObjectNode state) {
            switch (state.path("state").asText()) {
                case "starting", "looking" -> state.putObject("call").put("call", "trigger");
                case "collecting" ->
                    state.put(
                            "outcome",
                            outcome(state.path("run").path("status").asInt()).name());
                default -> {}
            }
        }
        return entry;
    }

    /** The entry in the shape of version 2, which has to be able to hold it. */
    static ObjectNode toVersionTwo(ObjectNode entry) {
        entry.remove("offset");
        if (entry.path("order") instanceof ObjectNode order
                && order.remove("task") instanceof ObjectNode task
                && order.remove("terms") instanceof ObjectNode terms) {
            order.remove("open");
            order.put("verb", "trigger");
            order.set("selector", task.get("job"));
            move(OF_TASK, task, order);
            move(OF_TERMS, terms, order);
            if (!order.has("cancel_at_deadline")) {
                order.put("cancel_at_deadline", true);
            }
        }
        if (entry.path("state") instanceof ObjectNode state) {
            state.remove("call");
            switch (state.path("state").asText()) {
                case "starting" -> state.remove("failures");
                case "looking" -> state.remove("next_look");
                case "cancelling" -> state.remove(List.of("tries", "missing_since", "trouble"));
                default -> {}
            }
            if (state.path("state").asText().equals("collecting")) {
                collecting(entry, state);
            }
        }
        return entry;
    }

    /** It had nothing to explain later: who waits for nothing else is done. */
    private static void collecting(ObjectNode entry, ObjectNode state) {
        if (!state.path("remaining").isEmpty()) {
            state.remove(List.of("outcome", "asked_at", "latest", "next_collect", "explaining"));
            return;
        }
        entry.remove("order");
        ObjectNode finished = entry.putObject("state").put("state", "finished");
        finished.set("outcome", state.get("outcome"));
        if (state.has("reason")) {
            finished.set("reason", state.get("reason"));
        }
        finished.set("run_id", state.path("run").path("run_id"));
        finished.set("at", state.has("asked_at") ? state.get("asked_at") : state.get("until"));
    }

    private static void move(List<String> fields, ObjectNode from, ObjectNode to) {
        for (String field : fields) {
            if (from.has(field)) {
                to.set(field, from.remove(field));
            }
        }
    }

    private static EventType outcome(int status) {
        return switch (status) {
            case 10 -> EventType.RUN_SUCCEEDED;
            case 20 -> EventType.RUN_FAILED;
            default -> EventType.RUN_CANCELLED;
        };
    }
}

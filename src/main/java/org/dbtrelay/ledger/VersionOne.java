package org.dbtrelay.ledger;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * Entries as version 1 had them: the starts of a command were loose numbers in its state, without what bounds the look for a
 * lost one, and strays were not known.
 */
final class VersionOne {

    private VersionOne() {}

    /** The entry in the shape of version 2. */
    static ObjectNode fromVersionOne(ObjectNode entry) {
        entry.putArray("strays");
        if (entry.path("state") instanceof ObjectNode state) {
            switch (state.path("state").asText()) {
                case "waiting" -> gather(state, "attempts");
                case "starting", "looking" -> gather(state, "attempt");
                default -> {}
            }
        }
        return entry;
    }

    private static void gather(ObjectNode state, String attempts) {
        ObjectNode starts = state.putObject("starts");
        starts.set("attempts", state.remove(attempts));
        starts.set("unclear", state.remove("unclear_starts"));
        if (state.has("intent_at")) {
            starts.set("first_intent_at", state.remove("intent_at"));
        }
    }

    /** The entry in the shape of version 1. */
    static ObjectNode toVersionOne(ObjectNode entry) {
        entry.remove("strays");
        if (entry.path("state") instanceof ObjectNode state && state.remove("starts") instanceof ObjectNode starts) {
            boolean waiting = state.path("state").asText().equals("waiting");
            state.set(waiting ? "attempts" : "attempt", starts.get("attempts"));
            state.set("unclear_starts", starts.get("unclear"));
            if (!waiting) {
                state.set("intent_at", starts.get("first_intent_at"));
            }
        }
        return entry;
    }
}

package org.dbtrelay.sim;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.dbtrelay.testkit.Schemas;

/**
 * Holds events against their schemas. There are millions of them and few kinds: those that differ in ids, times and texts only are
 * looked at once.
 */
final class EventShapes {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<String> TELLING =
            Set.of("type", "command", "status", "status_code", "previous_status", "reason");
    private static final Set<String> FINE = ConcurrentHashMap.newKeySet();

    private EventShapes() {}

    /** What is wrong with the data of an event; empty: nothing. */
    static List<String> faults(byte[] value) {
        JsonNode data;
        try {
            data = JSON.readTree(value);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        StringBuilder shape = new StringBuilder();
        for (var field : data.properties()) {
            JsonNode node = field.getValue();
            shape.append(field.getKey())
                    .append(TELLING.contains(field.getKey()) ? node.asText() : node.getNodeType())
                    .append(' ');
        }
        if (FINE.contains(shape.toString())) {
            return List.of();
        }
        List<String> faults = Schemas.eventFaults(data);
        if (faults.isEmpty()) {
            FINE.add(shape.toString());
        }
        return faults;
    }
}

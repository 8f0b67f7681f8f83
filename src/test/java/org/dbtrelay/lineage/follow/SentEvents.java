package org.dbtrelay.lineage.follow;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.dbtrelay.lineage.send.Encoded;
import org.dbtrelay.lineage.send.Outlet;

/** Keeps what is sent; a test can make it fail. */
final class SentEvents implements Outlet {

    /** Happens before events are taken. */
    interface Before {
        void send() throws InterruptedException;
    }

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final List<JsonNode> events = new CopyOnWriteArrayList<>();
    volatile Before before = () -> {};

    /** Whoever sends has to wait. */
    volatile boolean isAway;

    @Override
    public boolean trySend(List<Encoded> more) throws InterruptedException {
        if (isAway) {
            return false;
        }
        send(more);
        return true;
    }

    @Override
    public void send(List<Encoded> more) throws InterruptedException {
        before.send();
        for (Encoded event : more) {
            try {
                events.add(JSON.readTree(event.json()));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** The type of each event and the last part of its job's name. */
    List<String> told() {
        return events.stream()
                .map(event -> event.path("eventType").asText() + " "
                        + event.path("job").path("name").asText())
                .toList();
    }

    /** The namespaces of all jobs. */
    List<String> namespaces() {
        return events.stream()
                .map(event -> event.path("job").path("namespace").asText())
                .distinct()
                .toList();
    }

    @Override
    public void close() {
        throw new AssertionError("nobody closes it here");
    }
}

package org.dbtrelay.api;

import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import org.dbtrelay.config.Monotonic;

/**
 * Passes an artifact on to the client that has asked for it. Meanwhile it holds one of the few request slots of downloads, so a client
 * that takes nothing loses its connection: others wait for the slot.
 */
final class Downloads {

    /** A client that takes nothing for so long is gone. */
    static final Duration SLOW = Duration.ofSeconds(100);

    private static final int PIECE = 32 * 1024;

    private Downloads() {}

    /** Ends when the client goes away: a write to a closed response does not fail, so the whole artifact would be fetched. */
    static void passOn(InputStream artifact, OutputStream out, RoutingContext client, Monotonic time)
            throws IOException {
        byte[] piece = new byte[PIECE];
        int length;
        while (!client.response().closed() && (length = artifact.read(piece)) >= 0) {
            write(piece, length, out, client, time);
        }
    }

    private static void write(byte[] piece, int length, OutputStream out, RoutingContext client, Monotonic time)
            throws IOException {
        try (Monotonic.Alarm _ = time.alarm(SLOW, () -> cutOff(client))) {
            out.write(piece, 0, length);
        }
    }

    static void cutOff(RoutingContext client) {
        var _ = client.request().connection().close();
    }
}

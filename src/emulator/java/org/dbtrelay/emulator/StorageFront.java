package org.dbtrelay.emulator;

import io.vertx.core.AbstractVerticle;
import io.vertx.core.Promise;
import io.vertx.core.http.HttpServerRequest;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The HTTP server of the {@link Storage}, at a port of its own. */
final class StorageFront extends AbstractVerticle {
    private final Storage storage;
    private final String bind;
    private final int wantedPort;
    private final AtomicInteger port;
    private final @Nullable PrivateCa ca;

    StorageFront(Storage storage, String bind, int wantedPort, AtomicInteger port, @Nullable PrivateCa ca) {
        this.storage = storage;
        this.bind = bind;
        this.wantedPort = wantedPort;
        this.port = port;
        this.ca = ca;
    }

    @Override
    public void start(Promise<Void> started) {
        vertx.createHttpServer(HttpFront.options(bind, wantedPort, ca))
                .requestHandler(http -> HttpFront.send(http.response(), storage.answer(received(http))))
                .listen()
                .onSuccess(server -> port.set(server.actualPort()))
                .<Void>mapEmpty()
                .onComplete(started);
    }

    private static Storage.Received received(HttpServerRequest http) {
        Map<String, String> headers = new TreeMap<>();
        http.headers().forEach((name, value) -> headers.put(name.toLowerCase(Locale.ROOT), value));
        return new Storage.Received(http.method().name(), http.uri(), headers);
    }
}

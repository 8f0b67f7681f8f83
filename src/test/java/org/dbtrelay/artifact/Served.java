package org.dbtrelay.artifact;

import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;

/** A server whose bodies of artifacts a test has in its hand to the byte, and the real client to it. */
final class Served implements AutoCloseable {

    final DbtCloudClient client;
    private final HttpServer server;
    private final ExecutorService threads;

    private Served(HttpServer server, ExecutorService threads) {
        this.server = server;
        this.threads = threads;
        this.client = Emulated.client("http://127.0.0.1:" + server.getAddress().getPort(), 4238, "t");
    }

    /** Lists those paths for every run; what is asked for beside the list is the handler's business. */
    static Served with(List<String> paths, HttpHandler artifacts) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        server.setExecutor(threads);
        byte[] list = paths.stream()
                .collect(Collectors.joining("\",\"", "{\"data\":[\"", "\"]}"))
                .getBytes(StandardCharsets.UTF_8);
        server.createContext("/", exchange -> {
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            if (exchange.getRequestURI().getPath().endsWith("/artifacts/")) {
                exchange.sendResponseHeaders(200, list.length);
                exchange.getResponseBody().write(list);
                exchange.close();
            } else {
                artifacts.handle(exchange);
            }
        });
        server.start();
        return new Served(server, threads);
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}

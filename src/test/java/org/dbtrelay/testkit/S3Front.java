package org.dbtrelay.testkit;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A proxy in front of an S3 server that answers some requests itself, as S3 does when it has trouble. */
public final class S3Front implements AutoCloseable {

    /** Those that the client or the server of the JDK sets by itself. */
    private static final Set<String> OWN =
            Set.of("host", "connection", "content-length", "expect", "transfer-encoding");

    /**
     * A request as it came in.
     *
     * @param query null for none
     * @param encryption how the object is to be encrypted; null for not said
     */
    public record Request(
            String method,
            String path,
            @Nullable String query,
            @Nullable String encryption) {
        /** Whether it uploads a part of an object. */
        public boolean isPart() {
            return method.equals("PUT") && query != null && query.contains("partNumber=");
        }
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI behind;
    private final List<Request> requests = new CopyOnWriteArrayList<>();

    private volatile Predicate<Request> troubled = request -> false;
    private volatile int status;
    private volatile String code = "";

    private S3Front(HttpServer server, URI behind) {
        this.server = server;
        this.behind = behind;
    }

    /** Passes everything on until it is told otherwise. */
    public static S3Front of(URI behind) {
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            S3Front front = new S3Front(server, behind);
            server.setExecutor(front.threads);
            server.createContext("/", front::handle);
            server.start();
            return front;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public URI url() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** The requests that came in, in order. */
    public List<Request> requests() {
        return requests;
    }

    /** From now on answers those requests with that status and S3's word for it. */
    public void answer(int status, String code, Predicate<Request> to) {
        this.status = status;
        this.code = code;
        this.troubled = to;
    }

    /** From now on passes everything on. */
    public void calm() {
        troubled = request -> false;
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            URI asked = exchange.getRequestURI();
            Request request = new Request(
                    exchange.getRequestMethod(),
                    asked.getPath(),
                    asked.getRawQuery(),
                    exchange.getRequestHeaders().getFirst("x-amz-server-side-encryption"));
            requests.add(request);
            byte[] body = exchange.getRequestBody().readAllBytes();
            if (troubled.test(request)) {
                byte[] error = "<Error><Code>%s</Code><Message>in a test</Message></Error>"
                        .formatted(code)
                        .getBytes(StandardCharsets.UTF_8);
                exchange.getResponseHeaders().set("Content-Type", "application/xml");
                exchange.sendResponseHeaders(status, error.length);
                exchange.getResponseBody().write(error);
                return;
            }
            pass(exchange, asked, body);
        }
    }

    private void pass(HttpExchange exchange, URI asked, byte[] body) throws IOException {
        HttpRequest.Builder on = HttpRequest.newBuilder(URI.create(behind + asked.toString()))
                .method(exchange.getRequestMethod(), HttpRequest.BodyPublishers.ofByteArray(body));
        exchange.getRequestHeaders().forEach((name, values) -> {
            if (!OWN.contains(name.toLowerCase(java.util.Locale.ROOT))) {
                values.forEach(value -> on.header(name, value));
            }
        });
        try {
            HttpResponse<byte[]> answer = client.send(on.build(), HttpResponse.BodyHandlers.ofByteArray());
            answer.headers().map().forEach((name, values) -> {
                if (!OWN.contains(name.toLowerCase(java.util.Locale.ROOT))) {
                    exchange.getResponseHeaders().put(name, values);
                }
            });
            byte[] bytes = answer.body();
            exchange.sendResponseHeaders(answer.statusCode(), bytes.length == 0 ? -1 : bytes.length);
            exchange.getResponseBody().write(bytes);
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
        client.close();
    }
}

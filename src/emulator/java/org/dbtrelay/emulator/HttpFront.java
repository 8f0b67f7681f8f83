package org.dbtrelay.emulator;

import io.netty.channel.ChannelOption;
import io.vertx.core.AbstractVerticle;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.net.PfxOptions;
import io.vertx.core.net.impl.ConnectionBase;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The HTTP server: reads requests, asks {@link Faults} about each, and sends, spoils or withholds the answer. */
final class HttpFront extends AbstractVerticle {
    private static final int PIECE = 65_536;
    private static final List<ExchangeCheck> CHECKS = ServiceLoader.load(
                    ExchangeCheck.class, HttpFront.class.getClassLoader())
            .stream()
            .map(ServiceLoader.Provider::get)
            .toList();

    private final Traffic traffic;
    private final String bind;
    private final int wantedPort;
    private final AtomicInteger port;
    private final @Nullable PrivateCa ca;

    HttpFront(Traffic traffic, String bind, int wantedPort, AtomicInteger port, @Nullable PrivateCa ca) {
        this.ca = ca;
        this.traffic = traffic;
        this.bind = bind;
        this.wantedPort = wantedPort;
        this.port = port;
    }

    /** The parts that answer requests; without a storage no answer is a redirect to one. */
    record Traffic(
            Api api,
            Faults faults,
            Counters counters,
            AccountLimit limit,
            boolean strict,
            Function<Request, Answer> control,
            @Nullable Storage storage) {}

    @Override
    public void start(Promise<Void> started) {
        // -1: a free port, the same for all instances of this verticle.
        vertx.createHttpServer(options(bind, wantedPort == 0 ? -1 : wantedPort, ca))
                .requestHandler(http -> http.body().onSuccess(body -> guarded(http, body)))
                .listen()
                .onSuccess(server -> port.set(server.actualPort()))
                .<Void>mapEmpty()
                .onComplete(started);
    }

    static HttpServerOptions options(String bind, int port, @Nullable PrivateCa ca) {
        HttpServerOptions options = new HttpServerOptions()
                .setPort(port)
                .setHost(bind)
                .setHttp2ClearTextEnabled(false)
                .setMaxInitialLineLength(PIECE)
                .setHandle100ContinueAutomatically(true)
                .setTcpNoDelay(true);
        if (ca != null) {
            options.setSsl(true)
                    .setKeyCertOptions(new PfxOptions()
                            .setPath(ca.serverKeyStore().toString())
                            .setPassword(PrivateCa.PASSWORD));
        }
        return options;
    }

    /** A fault of the emulator itself is shown to the client and to the log, so that no test waits for an answer. */
    private void guarded(HttpServerRequest http, Buffer body) {
        try {
            receive(http, body);
        } catch (RuntimeException e) {
            send(http.response(), Answer.of(599, "text/plain", "The emulator has a fault: " + e));
            throw e;
        }
    }

    private void receive(HttpServerRequest http, Buffer body) {
        Request request = request(http, body);
        if (Control.isFor(request)) {
            send(http.response(), traffic.control.apply(request));
            return;
        }
        traffic.counters.add(request);
        traffic.limit.count(request);
        Faults.Verdict verdict = traffic.faults.verdict(request);
        Hiding hiding = verdict.hiding();
        switch (verdict.fault()) {
            case null -> send(http.response(), answer(request, hiding));
            case Fault.LoseAnswer lost -> {
                if (lost.acts()) {
                    answer(request, hiding);
                }
                if (lost.reset()) {
                    reset(http);
                } else {
                    http.connection().close();
                }
            }
            case Fault.AnswerLate late
            when late.actsFirst() -> {
                Answer answer = answer(request, hiding);
                later(late.delay(), () -> send(http.response(), answer));
            }
            case Fault.AnswerLate late -> later(late.delay(), () -> send(http.response(), answer(request, hiding)));
            case Fault.AnswerWith other -> {
                if (other.acts()) {
                    answer(request, hiding);
                }
                send(http.response(), other.answer());
            }
            case Fault.ResetMidBody cut -> cut(http, answer(request, hiding), cut.bytes());
            case Fault.SlowBody slow -> {
                Answer answer = answer(request, hiding);
                trickle(head(http.response(), answer), answer.content(), 0, slow);
            }
            case Fault.RateLimit limit -> {
                Answer answer = Envelope.error(429, "Request was throttled.");
                send(
                        http.response(),
                        limit.retryAfter() == null ? answer : answer.with("Retry-After", limit.retryAfter()));
            }
            case Fault.RefuseParameter refused ->
                send(
                        http.response(),
                        Refusal.unknownNames(List.of(refused.name())).answer());
            case Fault.HideRun hidden -> throw new IllegalStateException("Not an answer: " + hidden);
        }
    }

    private Answer answer(Request request, Hiding hiding) {
        Answer answer = traffic.api.answer(request, hiding);
        if (request.strict()) {
            CHECKS.forEach(check -> check.check(request, answer));
        }
        return traffic.storage == null ? answer : traffic.storage.presigned(request, answer);
    }

    private Request request(HttpServerRequest http, Buffer body) {
        String method = http.method().name();
        String uri = http.uri();
        int mark = uri.indexOf('?');
        String path = mark < 0 ? uri : uri.substring(0, mark);
        Map<String, String> headers = new TreeMap<>();
        http.headers().forEach((name, value) -> headers.put(name.toLowerCase(Locale.ROOT), value));
        Endpoint.Match match = Endpoint.match(method, path, traffic.strict);
        Query query = Query.parse(mark < 0 ? null : uri.substring(mark + 1));
        return new Request(
                method, path, query, headers, body.getBytes(), match.endpoint(), match.variables(), traffic.strict);
    }

    private void later(Duration delay, Runnable work) {
        vertx.setTimer(Math.max(1, delay.toMillis()), id -> work.run());
    }

    private static HttpServerResponse head(HttpServerResponse response, Answer answer) {
        response.setStatusCode(answer.status());
        answer.headers().forEach(response::putHeader);
        response.putHeader("Content-Length", Long.toString(answer.content().size()));
        return response;
    }

    static void send(HttpServerResponse response, Answer answer) {
        if (response.closed()) {
            return;
        }
        head(response, answer);
        switch (answer.content()) {
            case Content.Bytes bytes -> response.end(Buffer.buffer(bytes.bytes()));
            case PatternContent pattern -> pump(response, pattern, 0);
        }
    }

    /** Makes the content only as fast as the client takes it. */
    private static void pump(HttpServerResponse response, PatternContent pattern, long from) {
        long offset = from;
        byte[] piece = new byte[PIECE];
        while (!response.closed()) {
            int length = pattern.fill(piece, offset);
            if (length == 0) {
                response.end();
                return;
            }
            response.write(Buffer.buffer(length).appendBytes(piece, 0, length));
            offset += length;
            if (response.writeQueueFull()) {
                long next = offset;
                response.drainHandler(drained -> pump(response, pattern, next));
                return;
            }
        }
    }

    private void trickle(HttpServerResponse response, Content content, long offset, Fault.SlowBody slow) {
        if (response.closed()) {
            return;
        }
        Buffer piece = part(content, offset, slow.bytes());
        if (piece.length() == 0) {
            response.end();
            return;
        }
        response.write(piece);
        later(slow.pause(), () -> trickle(response, content, offset + piece.length(), slow));
    }

    private void cut(HttpServerRequest http, Answer answer, long bytes) {
        HttpServerResponse response = head(http.response(), answer);
        sendUntil(
                response, answer.content(), 0, Math.min(bytes, answer.content().size()), () -> reset(http));
    }

    private void sendUntil(HttpServerResponse response, Content content, long offset, long end, Runnable then) {
        if (offset >= end) {
            // A moment for the client to read what was sent: a reset may overtake it.
            later(Duration.ofMillis(50), then);
            return;
        }
        Buffer piece = part(content, offset, (int) Math.min(PIECE, end - offset));
        response.write(piece).onSuccess(sent -> sendUntil(response, content, offset + piece.length(), end, then));
    }

    private static Buffer part(Content content, long offset, int most) {
        return switch (content) {
            case Content.Bytes bytes -> {
                int from = (int) Math.min(offset, bytes.size());
                int to = (int) Math.min(offset + most, bytes.size());
                yield Buffer.buffer(to - from).appendBytes(bytes.bytes(), from, to - from);
            }
            case PatternContent pattern -> {
                byte[] piece = new byte[most];
                int length = pattern.fill(piece, offset);
                yield Buffer.buffer(length).appendBytes(piece, 0, length);
            }
        };
    }

    /** Closes so that the client gets a reset: with a linger time of 0 the kernel sends RST in place of FIN. */
    private static void reset(HttpServerRequest http) {
        if (http.connection() instanceof ConnectionBase connection) {
            connection.channel().config().setOption(ChannelOption.SO_LINGER, 0);
            var _ = connection.channel().close();
        } else {
            throw new IllegalStateException("No way to reset " + http.connection());
        }
    }
}

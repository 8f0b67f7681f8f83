package org.dbtrelay.lineage.send;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.OpenLineageConfig;
import org.dbtrelay.metrics.RelayMetrics;
import org.jspecify.annotations.Nullable;

/**
 * Posts events to a server, one after another, as the specification of OpenLineage's API has it ({@code POST /api/v1/lineage}). It waits
 * for a server that takes nothing. An event that alone is not taken, while others are, is left out; a database behind the server that
 * chokes on one text would stop the lineage of all else.
 */
public final class ServerOutlet implements Outlet {

    private static final String USUAL_PATH = "/api/v1/lineage";
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final Duration ANSWER = Duration.ofSeconds(30);
    private static final int LONGEST_KEY = 8192;

    /** More of an answer's body is not read. */
    private static final int LONGEST_BODY = 64 * 1024;

    /** After so many tries in so much time the event itself may be the reason. */
    static final int SUSPICIOUS = 8;

    static final Duration SUSPICIOUS_AFTER = Duration.ofMinutes(2);

    private final URI address;
    private final Optional<String> key;
    private final Optional<Path> keyFile;
    private final HttpClient client;
    private final Outage outage;
    private final Duration answer;
    private final Duration maxAge;
    private final Monotonic monotonic;

    /** How many events the server has taken of all threads. */
    private final AtomicLong taken = new AtomicLong();

    /** A server at an address of the configuration. */
    public ServerOutlet(URI url, OpenLineageConfig config, Monotonic monotonic, RelayMetrics metrics) {
        this(url, config, ANSWER, monotonic, metrics);
    }

    /** {@code answer}: how long a whole answer may take. */
    ServerOutlet(URI url, OpenLineageConfig config, Duration answer, Monotonic monotonic, RelayMetrics metrics) {
        this.answer = answer;
        boolean isBare = url.getRawPath() == null
                || url.getRawPath().isEmpty()
                || url.getRawPath().equals("/");
        this.address = isBare
                ? url.resolve(url.getRawQuery() == null ? USUAL_PATH : USUAL_PATH + "?" + url.getRawQuery())
                : url;
        this.key = config.apiKey();
        this.keyFile = config.apiKeyFile();
        this.client = HttpClient.newBuilder()
                .connectTimeout(CONNECT)
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
        this.outage = new Outage("server", monotonic, metrics);
        this.maxAge = config.maxAge();
        this.monotonic = monotonic;
    }

    @Override
    public void send(List<Encoded> events) throws InterruptedException {
        int next = 0;
        while (next < events.size()) {
            boolean hasAnother = next + 1 < events.size();
            next += deal(events.get(next), hasAnother ? Optional.of(events.get(next + 1)) : Optional.empty());
        }
    }

    @Override
    public boolean trySend(List<Encoded> events) throws InterruptedException {
        for (Encoded event : events) {
            Optional<Trouble> trouble = post(event);
            if (trouble.isPresent()) {
                outage.begun(trouble.get().words());
                return false;
            }
        }
        return true;
    }

    /**
     * Waits until the event is taken, or left out.
     *
     * @param another the one behind it, which shows whether the server takes any
     * @return how many are dealt with
     */
    private int deal(Encoded event, Optional<Encoded> another) throws InterruptedException {
        long begun = monotonic.nanos();
        for (int tries = 1; ; tries++) {
            Optional<Trouble> trouble = post(event);
            if (trouble.isEmpty()) {
                return 1;
            }
            String words = trouble.get().words();
            long others = taken.get();
            outage.failed(words);
            if (Duration.ofNanos(monotonic.nanos() - begun).compareTo(maxAge) > 0) {
                outage.refused(words + ", for longer than relay.openlineage.max-age");
                return 1;
            }
            boolean isLong = Duration.ofNanos(monotonic.nanos() - begun).compareTo(SUSPICIOUS_AFTER) >= 0;
            if (tries >= SUSPICIOUS && isLong && trouble.get().mayBeTheEvent()) {
                boolean isAnotherTaken =
                        another.isPresent() && post(another.get()).isEmpty();
                int dealtWith = isAnotherTaken ? 2 : 1;
                if (taken.get() == others) {
                    continue;
                }
                // Others were taken since; so this one should be now.
                Optional<Trouble> again = post(event);
                if (again.isEmpty()) {
                    // The other one comes again, behind it: the end of a run must not stand in front of its start.
                    return 1;
                }
                if (again.get().mayBeTheEvent()) {
                    outage.refused(words + ", while others are taken");
                    return dealtWith;
                }
            }
        }
    }

    /**
     * Why an event is neither taken nor refused for good.
     *
     * @param mayBeTheEvent whether the reason may be in the event
     */
    private record Trouble(String words, boolean mayBeTheEvent) {}

    /** Empty: the event is dealt with. */
    private Optional<Trouble> post(Encoded event) throws InterruptedException {
        try {
            int status = exchange(request(event));
            if (status >= 200 && status < 300) {
                taken.incrementAndGet();
                outage.took(1);
                return Optional.empty();
            }
            if (isRefusal(status)) {
                outage.refused("HTTP " + status);
                return Optional.empty();
            }
            return Optional.of(new Trouble("HTTP " + status, status == 500));
        } catch (IOException e) {
            String words = e.getClass().getSimpleName() + (e.getMessage() == null ? "" : ": " + e.getMessage());
            return Optional.of(new Trouble(words, false));
        } catch (IllegalArgumentException e) {
            return Optional.of(new Trouble(String.valueOf(e.getMessage()), false));
        }
    }

    /** The status of the answer. The limit is one on the whole exchange: the client's own ends with the head of the answer. */
    private int exchange(HttpRequest request) throws IOException, InterruptedException {
        CompletableFuture<HttpResponse<Void>> exchange = client.sendAsync(request, _ -> new BriefBody());
        try {
            return exchange.get(answer.toMillis(), TimeUnit.MILLISECONDS).statusCode();
        } catch (TimeoutException e) {
            InterruptedIOException late =
                    new InterruptedIOException("no whole answer within " + answer.toSeconds() + " s");
            late.initCause(e);
            throw late;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
        } finally {
            exchange.cancel(true);
        }
    }

    /** Reads over a body, so that the connection can be used again, but not over a long one. */
    private static final class BriefBody implements HttpResponse.BodySubscriber<Void> {
        private final CompletableFuture<Void> done = new CompletableFuture<>();
        private Flow.@Nullable Subscription subscription;
        private long length;

        @Override
        public CompletionStage<Void> getBody() {
            return done;
        }

        @Override
        public void onSubscribe(Flow.Subscription begun) {
            subscription = begun;
            begun.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(List<ByteBuffer> bytes) {
            length += bytes.stream().mapToLong(ByteBuffer::remaining).sum();
            if (length > LONGEST_BODY && subscription != null) {
                subscription.cancel();
                done.complete(null);
            }
        }

        @Override
        public void onError(Throwable failure) {
            done.completeExceptionally(failure);
        }

        @Override
        public void onComplete() {
            done.complete(null);
        }
    }

    /** The server does not want this event; of other answers a person may mend the reason. */
    private static boolean isRefusal(int status) {
        return status == 400 || status == 409 || status == 413 || status == 415 || status == 422;
    }

    private HttpRequest request(Encoded event) throws IOException {
        HttpRequest.Builder request = HttpRequest.newBuilder(address)
                .timeout(answer)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(event.json()));
        @Nullable String secret = secret();
        if (secret != null) {
            request.header("Authorization", "Bearer " + secret);
        }
        return request.build();
    }

    private @Nullable String secret() throws IOException {
        if (keyFile.isEmpty()) {
            return key.orElse(null);
        }
        // It may be a mounted secret, which changes.
        try (var file = Files.newInputStream(keyFile.get())) {
            String read = new String(file.readNBytes(LONGEST_KEY), StandardCharsets.UTF_8).strip();
            if (read.isEmpty() || read.chars().anyMatch(c -> c <= ' ' || c >= 127)) {
                throw new IOException("relay.openlineage.api-key-file holds no key");
            }
            return read;
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}

package org.dbtrelay.lineage.send;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.OpenLineageConfig;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.metrics.SimMetrics;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServerOutletTest {

    private static final Encoded ONE = new Encoded(new byte[0], "{\"n\": 1}".getBytes(StandardCharsets.UTF_8));
    private static final Encoded TWO = new Encoded(new byte[0], "{\"n\": 2}".getBytes(StandardCharsets.UTF_8));

    /** A clock whose pauses are over at once, and remembered. */
    private static final class NoPauses extends Monotonic {
        private final List<Duration> pauses = new CopyOnWriteArrayList<>();

        @Override
        public void pause(Duration time) {
            pauses.add(time);
        }

        @Override
        public long nanos() {
            return pauses.stream().mapToLong(Duration::toNanos).sum();
        }
    }

    private final NoPauses monotonic = new NoPauses();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final List<String> taken = new CopyOnWriteArrayList<>();
    private final List<String> paths = new CopyOnWriteArrayList<>();
    private final List<String> keys = new CopyOnWriteArrayList<>();
    private final Deque<Integer> answers = new ArrayDeque<>();

    /** What the server's database chokes on, whatever else it takes. */
    private volatile String poison = "none";

    private volatile int poisoned = 500;

    private Duration patience = Duration.ofSeconds(30);

    private HttpServer server;

    @TempDir
    Path directory;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            paths.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
            keys.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
            Integer next;
            synchronized (answers) {
                next = answers.poll();
            }
            int status = body.contains(poison) ? poisoned : next == null ? 201 : next;
            if (status < 300) {
                taken.add(body);
            }
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        });
        // One thread would wait with the answer that never ends.
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private void send(Map<String, String> settings, String path, Encoded... events) throws InterruptedException {
        OpenLineageConfig config = new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .withMapping(RelayConfig.class)
                .withSources(new PropertiesConfigSource(settings, "test", 100))
                .build()
                .getConfigMapping(RelayConfig.class)
                .openLineage();
        URI url = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + path);
        ServerOutlet outlet = new ServerOutlet(url, config, patience, monotonic, SimMetrics.on(registry));
        try {
            outlet.send(List.of(events));
        } finally {
            outlet.close();
        }
    }

    private double counted(String outcome) {
        return registry.get("relay.lineage.events")
                .tags("to", "server", "outcome", outcome)
                .counter()
                .count();
    }

    @Test
    void postsEachEventInItsOrder() throws InterruptedException {
        send(Map.of("relay.openlineage.api-key", "0123456789"), "", ONE, TWO);

        assertThat(taken).containsExactly("{\"n\": 1}", "{\"n\": 2}");
        assertThat(paths).containsOnly("POST /api/v1/lineage");
        assertThat(keys).containsOnly("Bearer 0123456789");
        assertThat(counted("written")).isEqualTo(2);
    }

    @Test
    void keepsTheQueryOfAnAddressWithoutAPath() throws InterruptedException {
        send(Map.of(), "?tenant=x", ONE);

        assertThat(paths).containsExactly("POST /api/v1/lineage?tenant=x");
    }

    @Test
    void takesThePathOfTheConfiguration() throws InterruptedException {
        send(Map.of(), "/openapi/lineage?x=1", ONE);

        assertThat(paths).containsExactly("POST /openapi/lineage?x=1");
        assertThat(keys).containsExactly("null");
    }

    @Test
    void readsTheKeyFromItsFile() throws Exception {
        Path file = directory.resolve("key");
        Files.writeString(file, "abcdef\n");

        send(Map.of("relay.openlineage.api-key-file", file.toString()), "", ONE);

        assertThat(keys).containsExactly("Bearer abcdef");
    }

    /** Of these a person, or time, mends the reason: nothing is left out. */
    @Test
    void waitsUntilTheServerTakesIt() throws InterruptedException {
        answers.addAll(List.of(503, 429, 401, 404, 500));

        send(Map.of(), "", ONE, TWO);

        assertThat(taken).containsExactly("{\"n\": 1}", "{\"n\": 2}");
        assertThat(monotonic.pauses).extracting(Duration::toSeconds).containsExactly(1L, 2L, 4L, 8L, 16L);
        assertThat(counted("failed")).isEqualTo(5);
    }

    @Test
    void leavesOutWhatTheServerRefuses() throws InterruptedException {
        answers.addAll(List.of(422));

        send(Map.of(), "", ONE, TWO);

        assertThat(taken).containsExactly("{\"n\": 2}");
        assertThat(monotonic.pauses).isEmpty();
        assertThat(counted("refused")).isEqualTo(1);
    }

    /** It alone must not stop the lineage of all else. */
    @Test
    @Timeout(60)
    void leavesOutAnEventThatAloneIsNotTaken() throws InterruptedException {
        poison = "\"n\": 1";

        send(Map.of(), "", ONE, TWO);

        assertThat(taken).containsExactly("{\"n\": 2}");
        assertThat(monotonic.pauses).hasSize(ServerOutlet.SUSPICIOUS);
        assertThat(counted("refused")).isEqualTo(1);
        assertThat(counted("written")).isEqualTo(1);
    }

    /** An overloaded server takes some and turns others away: that is not for what is in them. */
    @ParameterizedTest
    @ValueSource(ints = {401, 403, 404, 429, 502, 503, 504})
    @Timeout(60)
    void waitsWithAnEventThatIsTurnedAway(int status) throws InterruptedException {
        poison = "\"n\": 1";
        poisoned = status;

        send(Map.of("relay.openlineage.max-age", "10m"), "", ONE, TWO);

        assertThat(Duration.ofNanos(monotonic.nanos())).isGreaterThan(Duration.ofMinutes(10));
        assertThat(taken).containsExactly("{\"n\": 2}");
    }

    /** As long as the server takes nothing at all, nobody can tell whether it is the event: it waits, up to the age that is configured. */
    @Test
    @Timeout(60)
    void leavesNothingOutWhileTheServerTakesNothing() throws InterruptedException {
        answers.addAll(Collections.nCopies(100, 500));

        send(Map.of(), "", ONE, TWO);

        assertThat(taken).endsWith("{\"n\": 1}", "{\"n\": 2}");
        assertThat(registry.find("relay.lineage.events")
                        .tags("outcome", "refused")
                        .counter())
                .isNull();
    }

    @Test
    @Timeout(60)
    void leavesOutWhatIsNotTakenForLongerThanTheAge() throws InterruptedException {
        poison = "n";

        send(Map.of("relay.openlineage.max-age", "10m"), "", ONE);

        assertThat(taken).isEmpty();
        assertThat(Duration.ofNanos(monotonic.nanos())).isBetween(Duration.ofMinutes(10), Duration.ofMinutes(11));
        assertThat(counted("refused")).isEqualTo(1);
    }

    /** Whatever a server sends behind the head of its answer: the outlet goes on. */
    @Test
    @Timeout(60)
    void readsNoBodyWithoutEnd() throws Exception {
        server.removeContext("/");
        server.createContext("/", exchange -> {
            exchange.getRequestBody().readAllBytes();
            paths.add("asked");
            exchange.sendResponseHeaders(201, 0);
            try (OutputStream body = exchange.getResponseBody()) {
                while (true) {
                    body.write(new byte[8192]);
                }
            }
        });

        send(Map.of(), "", ONE);

        assertThat(paths).hasSize(1);
        assertThat(counted("written")).isEqualTo(1);
    }

    /** A body that does not go on is as no answer. */
    @Test
    @Timeout(120)
    void waitsForNoBodyThatStandsStill() throws Exception {
        patience = Duration.ofSeconds(1);
        CountDownLatch over = new CountDownLatch(1);
        AtomicInteger asked = new AtomicInteger();
        server.removeContext("/");
        server.createContext("/", exchange -> {
            exchange.getRequestBody().readAllBytes();
            if (asked.incrementAndGet() > 1) {
                exchange.sendResponseHeaders(201, -1);
                exchange.close();
                return;
            }
            exchange.sendResponseHeaders(201, 100_000);
            exchange.getResponseBody().write(1);
            exchange.getResponseBody().flush();
            try {
                over.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        try {
            send(Map.of(), "", ONE);
        } finally {
            over.countDown();
        }

        assertThat(asked).hasValue(2);
        assertThat(counted("failed")).isEqualTo(1);
        assertThat(counted("written")).isEqualTo(1);
    }
}

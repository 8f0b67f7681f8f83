package org.dbtrelay.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpRequest;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Holds {@link RelayProcess} against a small program that prints and answers like the packaged application. */
class RelayProcessTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);

    @TempDir
    Path directory;

    private Path jar;

    @BeforeEach
    void packageTheStandIn() throws IOException {
        jar = directory.resolve("stand-in.jar");
        var manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, StandIn.class.getName());
        String entry = StandIn.class.getName().replace('.', '/') + ".class";
        try (var out = new JarOutputStream(Files.newOutputStream(jar), manifest);
                var code = StandIn.class.getClassLoader().getResourceAsStream(entry)) {
            out.putNextEntry(new JarEntry(entry));
            code.transferTo(out);
        }
    }

    @Test
    void passesConfigurationFindsThePortsAndStopsInOrder() throws IOException {
        var builder = RelayProcess.named("stand-in")
                .jar(jar)
                .set("relay.name", "one two")
                .environment("RELAY_TEST_COLOUR", "blue");
        try (RelayProcess relay = builder.start().awaitReady(LIMIT)) {
            assertThat(relay.lines()).contains("name=one two colour=blue heap=-Xmx128m");
            assertThat(relay.url().getPort()).isNotEqualTo(relay.managementUrl().getPort());
            assertThat(relay.get(relay.url().resolve("/api/commands")).body()).isEqualTo("api");
            assertThat(relay.exitCode()).isEmpty();

            assertThat(relay.stop()).isEqualTo(143);

            assertThat(relay.exitCode()).hasValue(143);
            assertThat(relay.lines()).last().isEqualTo("stopped in order");
            assertThat(relay.isReady()).isFalse();
        }
        try (RelayProcess again = builder.start().awaitReady(LIMIT)) {
            assertThat(again.isAlive()).isTrue();
        }
    }

    @Test
    void killsWithoutAWord() {
        try (RelayProcess relay = RelayProcess.named("killed").jar(jar).start().awaitReady(LIMIT)) {
            relay.kill();

            assertThat(relay.exitCode()).hasValue(137);
            assertThat(relay.lines()).doesNotContain("stopped in order");
        }
    }

    @Test
    void pausesAndResumes() throws IOException {
        try (RelayProcess relay = RelayProcess.named("paused").jar(jar).start().awaitReady(LIMIT)) {
            relay.pause();
            var impatient = HttpRequest.newBuilder(relay.url())
                    .timeout(Duration.ofMillis(300))
                    .build();
            assertThatThrownBy(() -> relay.send(impatient)).isInstanceOf(HttpTimeoutException.class);
            assertThat(relay.isAlive()).isTrue();

            relay.resume();
            assertThat(relay.get(relay.url()).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void saysWhatTheProcessSaidBeforeItDied() {
        try (RelayProcess relay = RelayProcess.named("broken")
                .jar(jar)
                .set("stand-in.fail", "true")
                .start()) {
            assertThatThrownBy(() -> relay.awaitReady(LIMIT))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("ended with status 3 before readiness")
                    .hasMessageContaining("relay.connections.default.host is missing");
            assertThat(relay.exitCode()).hasValue(3);
        }
    }

    @Test
    void saysThatThereIsNoJar() {
        assertThatThrownBy(() -> RelayProcess.named("none")
                        .jar(directory.resolve("none.jar"))
                        .start())
                .hasMessageContaining("none.jar: run ./mvnw package first");
    }

    /** Behaves like the application as far as a parent process can see. Becomes ready at the second question. */
    static final class StandIn {

        private StandIn() {}

        public static void main(String[] arguments) throws IOException, InterruptedException {
            if (Boolean.getBoolean("stand-in.fail")) {
                System.out.println("relay.connections.default.host is missing");
                System.exit(3);
            }
            String heap = String.join(
                    " ",
                    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                            .filter(argument -> argument.startsWith("-X"))
                            .toList());
            System.out.printf(
                    "name=%s colour=%s heap=%s%n",
                    System.getProperty("relay.name"), System.getenv("RELAY_TEST_COLOUR"), heap);
            HttpServer api = serve("api", 200);
            HttpServer management = serve("not yet", 503);
            var asked = new CountDownLatch(1);
            management.createContext("/q/health/ready", exchange -> {
                exchange.sendResponseHeaders(asked.getCount() == 0 ? 200 : 503, -1);
                exchange.close();
                asked.countDown();
            });
            Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("stopped in order")));
            System.out.printf(
                    "INFO started in 1.600s. Listening on: http://127.0.0.1:%d. Management interface listening on http://0.0.0.0:%d.%n",
                    api.getAddress().getPort(), management.getAddress().getPort());
            new CountDownLatch(1).await();
        }

        private static HttpServer serve(String answer, int status) throws IOException {
            var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.createContext("/", exchange -> {
                byte[] body = answer.getBytes(StandardCharsets.UTF_8);
                exchange.sendResponseHeaders(status, body.length);
                exchange.getResponseBody().write(body);
                exchange.close();
            });
            server.start();
            return server;
        }
    }
}

package org.dbtrelay.dbtcloud.connection;

import static com.github.tomakehurst.wiremock.client.WireMock.any;
import static com.github.tomakehurst.wiremock.client.WireMock.anyUrl;
import static com.github.tomakehurst.wiremock.client.WireMock.equalTo;
import static com.github.tomakehurst.wiremock.client.WireMock.getRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.tomakehurst.wiremock.WireMockServer;
import com.github.tomakehurst.wiremock.core.WireMockConfiguration;
import com.sun.net.httpserver.HttpServer;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.io.OutputStream;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.KeyStore;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.http.DbtCloudApi;
import org.dbtrelay.dbtcloud.runs.TriggerRequest;
import org.dbtrelay.run.job.CallFailure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@QuarkusTest
@TestProfile(QuietQuarkus.class)
class ConnectionsTest extends AgainstWireMock {

    private static final String RUN = envelope("{\"id\":1,\"job_id\":2,\"status\":10}");

    @Inject
    Connections ofApplication;

    @TempDir
    Path directory;

    private void answerAll() {
        server.stubFor(any(anyUrl()).willReturn(okJson(RUN)));
    }

    @Test
    void theApplicationHasItsConnections() {
        assertThat(ofApplication.names()).containsExactly("default");
        assertThat(ofApplication.find("default")).get().satisfies(found -> {
            assertThat(found.name()).isEqualTo("default");
            assertThat(found.defaultAccountId()).isEqualTo(4238);
            assertThat(found.host()).hasToString("http://127.0.0.1:1");
        });
        assertThat(ofApplication.find("other")).isEmpty();
    }

    @Test
    void aConnectionWithoutTokenIsAFault() {
        Map<String, String> properties =
                Map.of("relay.connections.x.host", "http://127.0.0.1:1", "relay.connections.x.account-id", "1");

        assertThatThrownBy(() -> new Connections(
                        TestConnections.config(properties),
                        TestConnections.application(),
                        Clock.systemUTC(),
                        new Monotonic()))
                .hasMessageContaining("relay.connections.x.token");
    }

    @Test
    void connectionsToOneAccountShareItsBudget() throws DbtCloudException {
        // Given
        server.stubFor(any(anyUrl())
                .willReturn(com.github.tomakehurst.wiremock.client.WireMock.aResponse()
                        .withStatus(429)));
        Map<String, String> properties = new HashMap<>();
        for (String name : List.of("one", "two", "three")) {
            String prefix = "relay.connections." + name;
            properties.put(prefix + ".host", server.baseUrl());
            properties.put(prefix + ".account-id", name.equals("three") ? "2" : "1");
            properties.put(prefix + ".token", "token-of-" + name);
        }
        Connections connections = new Connections(
                TestConnections.config(properties), TestConnections.application(), Clock.systemUTC(), new Monotonic());

        // When
        failureOf(() -> connections.find("one").orElseThrow().runs().run(1, 1, Priority.POLL));

        // Then
        assertThat(connections.find("two").orElseThrow().calls().budget(1).coolingDownUntil())
                .isPresent();
        assertThat(connections.find("three").orElseThrow().calls().budget(2).coolingDownUntil())
                .isEmpty();
        connections.close();
    }

    @Test
    void aReplacedTokenFileIsUsedByTheNextRequest() throws Exception {
        // Given
        answerAll();
        Path file = Files.writeString(directory.resolve("token"), "first\n");
        client = client(Map.of("token-file", file.toString()));
        client.runs().run(ACCOUNT, 1, Priority.POLL);

        // When
        Files.writeString(file, "second\n");
        Files.setLastModifiedTime(file, FileTime.fromMillis(1_700_000_000_000L));
        client.runs().run(ACCOUNT, 1, Priority.POLL);

        // Then
        server.verify(1, getRequestedFor(anyUrl()).withHeader("Authorization", equalTo("Token first")));
        server.verify(1, getRequestedFor(anyUrl()).withHeader("Authorization", equalTo("Token second")));
    }

    @Test
    void whenTheyCloseWhatIsInFlightEndsAndNothingMoreIsSent() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        AtomicInteger requests = new AtomicInteger();
        HttpServer silent = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        silent.createContext("/", exchange -> {
            requests.incrementAndGet();
            asked.countDown();
            try {
                end.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        silent.start();
        try {
            Connections connections = TestConnections.to(
                    "http://127.0.0.1:" + silent.getAddress().getPort(),
                    Clock.systemUTC(),
                    Map.of("read-timeout", "1m"));
            DbtCloudClient stopping = connections.named("default");
            CompletableFuture<CallFailure> onTheWire = failureOfRead(stopping);
            assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();
            // The one slot is taken.
            CompletableFuture<CallFailure> waiting = failureOfRead(stopping);

            connections.close();

            assertThat(onTheWire)
                    .succeedsWithin(Duration.ofSeconds(30))
                    .isEqualTo(new CallFailure.Unclear("The relay is stopping."));
            CallFailure notSent = new CallFailure.NotSent("The relay is stopping.");
            assertThat(waiting).succeedsWithin(Duration.ofSeconds(30)).isEqualTo(notSent);
            assertThat(failureOfRead(stopping))
                    .succeedsWithin(Duration.ofSeconds(30))
                    .isEqualTo(notSent);
            assertThat(failureOf(() -> stopping.runs().cancel(ACCOUNT, 1, null)))
                    .isEqualTo(notSent);
            assertThat(requests).hasValue(1);
        } finally {
            end.countDown();
            silent.stop(0);
        }
    }

    @Test
    void aRequestThatMeetsTheCloseIsNotSent() {
        AtomicReference<Connections> connections = new AtomicReference<>();
        DbtCloudApi closing = (DbtCloudApi) Proxy.newProxyInstance(
                DbtCloudApi.class.getClassLoader(), new Class<?>[] {DbtCloudApi.class}, (proxy, method, arguments) -> {
                    connections.get().close();
                    throw new IllegalStateException("Client is closed");
                });
        connections.set(new Connections(
                TestConnections.config(Map.of(
                        "relay.connections.default.host",
                        "http://127.0.0.1:1",
                        "relay.connections.default.account-id",
                        String.valueOf(ACCOUNT),
                        "relay.connections.default.token",
                        TestConnections.TOKEN)),
                new FixedClients(closing, new Monotonic()),
                Clock.systemUTC(),
                new Monotonic()));

        assertThat(failureOf(() -> connections.get().named("default").runs().run(ACCOUNT, 1, Priority.POLL)))
                .isEqualTo(new CallFailure.NotSent("The relay is stopping."));
    }

    private static CompletableFuture<CallFailure> failureOfRead(DbtCloudClient client) {
        return CompletableFuture.supplyAsync(
                () -> failureOf(() -> client.runs().run(ACCOUNT, 1, Priority.POLL)), Thread::startVirtualThread);
    }

    @Test
    void readsKeepTheirConnectionsAndPostsDoNot() throws Exception {
        List<Integer> ports = new CopyOnWriteArrayList<>();
        HttpServer counting = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        counting.createContext("/", exchange -> {
            ports.add(exchange.getRemoteAddress().getPort());
            exchange.getRequestBody().readAllBytes();
            byte[] answer = RUN.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, answer.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(answer);
            }
        });
        counting.start();
        try {
            client = TestConnections.client(
                    "http://127.0.0.1:" + counting.getAddress().getPort(), Map.of());

            for (int i = 0; i < 5; i++) {
                client.runs().run(ACCOUNT, 1, Priority.POLL);
                client.runs().withSteps(ACCOUNT, 1);
            }
            assertThat(ports).hasSize(10);
            assertThat(ports.stream().distinct()).hasSize(1);

            ports.clear();
            for (int i = 0; i < 3; i++) {
                client.runs().cancel(ACCOUNT, 1, null);
                client.starts()
                        .trigger(
                                new TriggerRequest(ACCOUNT, 2, "x", null, null, null, null),
                                client.starts()
                                        .reserve(ACCOUNT, Priority.TRIGGER)
                                        .join(),
                                () -> true);
            }
            assertThat(ports).hasSize(6).doesNotHaveDuplicates();
        } finally {
            counting.stop(0);
        }
    }

    @Test
    void callsFromPlatformThreadsWorkAsWell() throws Exception {
        answerAll();
        List<Object> results = new CopyOnWriteArrayList<>();
        Runnable call = () -> {
            try {
                results.add(client.runs().run(ACCOUNT, 1, Priority.POLL));
            } catch (DbtCloudException e) {
                results.add(e);
            }
        };

        Thread.ofPlatform().start(call).join();
        Thread.ofVirtual().start(call).join();

        assertThat(results).hasSize(2).hasOnlyElementsOfType(org.dbtrelay.run.job.RunSnapshot.class);
    }

    @Test
    void aForwardProxyGetsItsNameAndPassword() throws DbtCloudException {
        answerAll();
        client = TestConnections.client(
                "http://dbt.invalid",
                Map.of(
                        "proxy", "127.0.0.1:" + server.port(),
                        "proxy-user", "relay",
                        "proxy-password", "s3cr3t"));

        client.runs().run(ACCOUNT, 1, Priority.POLL);

        String expected = "Basic "
                + java.util.Base64.getEncoder().encodeToString("relay:s3cr3t".getBytes(StandardCharsets.UTF_8));
        server.verify(com.github.tomakehurst.wiremock.client.WireMock.anyRequestedFor(
                        com.github.tomakehurst.wiremock.client.WireMock.anyUrl())
                .withHeader("Proxy-Authorization", com.github.tomakehurst.wiremock.client.WireMock.equalTo(expected)));
    }

    @Test
    void aProxyMayHaveAnUnderscoreInItsName() {
        assertThat(TestConnections.client("http://dbt.invalid", Map.of("proxy", "my_proxy:3128")))
                .isNotNull();
    }

    @Test
    void aProxyIsUsed() throws DbtCloudException {
        answerAll();
        client = TestConnections.client("http://dbt.invalid", Map.of("proxy", "127.0.0.1:" + server.port()));

        client.runs().run(ACCOUNT, 1, Priority.POLL);

        server.verify(getRequestedFor(anyUrl()).withHeader("Host", equalTo("dbt.invalid")));
    }

    @Test
    void aTrustStoreOfPemOrPkcs12MakesACertificateGood() throws Exception {
        Path ownFile = SelfSigned.in(directory);
        KeyStore own = KeyStore.getInstance(ownFile.toFile(), "changeit".toCharArray());
        String alias = own.aliases().nextElement();
        Path pem = Files.writeString(
                directory.resolve("ca.pem"),
                "-----BEGIN CERTIFICATE-----\n"
                        + Base64.getMimeEncoder()
                                .encodeToString(own.getCertificate(alias).getEncoded())
                        + "\n-----END CERTIFICATE-----\n");
        KeyStore trust = KeyStore.getInstance("PKCS12");
        trust.load(null, null);
        trust.setCertificateEntry("ca", own.getCertificate(alias));
        Path p12 = directory.resolve("ca.p12");
        try (OutputStream out = Files.newOutputStream(p12)) {
            trust.store(out, "changeit".toCharArray());
        }
        WireMockServer secure = new WireMockServer(WireMockConfiguration.options()
                .dynamicPort()
                .dynamicHttpsPort()
                .bindAddress("127.0.0.1")
                .keystorePath(ownFile.toString())
                .keystoreType("PKCS12")
                .keystorePassword("changeit")
                .keyManagerPassword("changeit"));
        secure.start();
        try {
            secure.stubFor(any(anyUrl()).willReturn(okJson(RUN)));
            String host = "https://127.0.0.1:" + secure.httpsPort();
            Map<String, String> patient = Map.of("read-timeout", "20s", "connect-timeout", "10s");

            assertThat(failureOf(
                            () -> TestConnections.client(host, patient).runs().run(ACCOUNT, 1, Priority.POLL)))
                    .isInstanceOf(CallFailure.NotSent.class);
            for (Map<String, String> store : List.of(
                    Map.of("trust-store", pem.toString()),
                    Map.of("trust-store", p12.toString(), "trust-store-password", "changeit"))) {
                Map<String, String> settings = new HashMap<>(patient);
                settings.putAll(store);
                assertThat(TestConnections.client(host, settings)
                                .runs()
                                .run(ACCOUNT, 1, Priority.POLL)
                                .runId())
                        .isEqualTo(1);
            }
        } finally {
            secure.stop();
        }
    }

    @Test
    void neitherTokenNorBodyIsLogged() throws Exception {
        // Given
        List<String> lines = new CopyOnWriteArrayList<>();
        Handler listener = new Handler() {
            @Override
            public void publish(LogRecord line) {
                lines.add(line.getMessage() + " "
                        + List.of(line.getParameters() == null ? new Object[0] : line.getParameters())
                        + " " + line.getThrown());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        listener.setLevel(Level.ALL);
        Logger root = Logger.getLogger("");
        Logger ours = Logger.getLogger("org.dbtrelay.dbtcloud");
        Logger rest = Logger.getLogger("org.jboss.resteasy.reactive.client");
        root.addHandler(listener);
        ours.setLevel(Level.ALL);
        rest.setLevel(Level.ALL);
        try {
            server.stubFor(any(anyUrl()).willReturn(okJson("{\"data\":{\"secret-body\":1}}")));

            // When
            failureOf(() -> client.runs().run(ACCOUNT, 1, Priority.POLL));
            failureOf(() -> client.starts()
                    .trigger(
                            new TriggerRequest(ACCOUNT, 2, "secret-cause", null, null, null, null),
                            client.starts().reserve(ACCOUNT, Priority.TRIGGER).join(),
                            () -> true));
            failureOf(() -> client.polls().runs(ACCOUNT, List.of(1L, 2L)));
            Logger.getLogger("org.dbtrelay.dbtcloud.Test").fine("the listener hears");
        } finally {
            root.removeHandler(listener);
            ours.setLevel(null);
            rest.setLevel(null);
        }

        // Then
        assertThat(lines).anyMatch(line -> line.contains("the listener hears"));
        assertThat(lines)
                .noneMatch(line -> line.contains(TestConnections.TOKEN)
                        || line.contains("secret-body")
                        || line.contains("secret-cause"));
    }
}

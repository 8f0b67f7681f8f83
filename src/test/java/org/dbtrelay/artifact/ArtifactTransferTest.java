package org.dbtrelay.artifact;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.dbtrelay.dbtcloud.DbtCloudClient;
import org.dbtrelay.run.Input;
import org.dbtrelay.run.JobRunStatus;
import org.dbtrelay.run.RunSnapshot;
import org.dbtrelay.run.WantedArtifact;
import org.dbtrelay.testkit.emulator.Endpoint;
import org.dbtrelay.testkit.emulator.PatternContent;
import org.dbtrelay.testkit.emulator.PlannedArtifact;
import org.dbtrelay.testkit.emulator.RunPlan;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Large, slow and many artifacts. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
class ArtifactTransferTest {

    private static final WantedArtifact MANIFEST = new WantedArtifact("manifest.json", null);

    @TempDir
    Path directory;

    @Test
    void aLargeOnePassesThroughLittleMemory() throws Exception {
        int size = 50 * 1024 * 1024;
        ArtifactCollector storing = Emulated.storingIn(directory, Map.of());
        try (Emulated world = Emulated.start()) {
            RunSnapshot run = world.ended(
                            Emulated.SUCCEEDING,
                            RunPlan.succeeding().artifact(PlannedArtifact.ofSize("manifest.json", size)))
                    .run();
            long before = heapInUse();
            long most = before;
            CompletableFuture<Input.Collected> collecting =
                    async(() -> storing.collect("c1", world.client, run, List.of(MANIFEST)));
            int looks = 0;
            while (!collecting.isDone()) {
                most = Math.max(most, heapInUse());
                looks++;
            }
            assertThat(collecting.get().ready()).singleElement().satisfies(artifact -> {
                assertThat(artifact.sizeBytes()).isEqualTo(size);
                assertThat(artifact.sha256())
                        .isEqualTo(PatternContent.named("manifest.json", size).sha256());
                assertThat(artifact.schemaVersion()).isEqualTo("https://schemas.getdbt.com/dbt/manifest/v1.json");
            });
            assertThat(looks).isGreaterThan(2);
            assertThat(most - before).isLessThan(16L * 1024 * 1024);
        }
    }

    @Test
    void noMoreThanConfiguredAreFetchedAtOnce() throws Exception {
        AtomicInteger now = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        // Opens only for pairs: with less than two at once nothing would get through.
        CyclicBarrier pairs = new CyclicBarrier(2);
        List<WantedArtifact> wanted = IntStream.range(0, 8)
                .mapToObj(i -> new WantedArtifact("f" + i, 1))
                .toList();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            server.setExecutor(threads);
            server.createContext("/", exchange -> {
                byte[] answer = "{\"data\": [\"f0\",\"f1\",\"f2\",\"f3\",\"f4\",\"f5\",\"f6\",\"f7\"]}"
                        .getBytes(StandardCharsets.UTF_8);
                if (!exchange.getRequestURI().getPath().endsWith("/artifacts/")) {
                    most.accumulateAndGet(now.incrementAndGet(), Math::max);
                    meet(pairs);
                    now.decrementAndGet();
                }
                exchange.getResponseHeaders().add("Content-Type", "application/json");
                exchange.sendResponseHeaders(200, answer.length);
                exchange.getResponseBody().write(answer);
                exchange.close();
            });
            server.start();
            DbtCloudClient client =
                    Emulated.client("http://127.0.0.1:" + server.getAddress().getPort(), 4238, "t");
            ArtifactCollector storing = Emulated.storingIn(directory, Map.of("relay.artifacts.parallelism", "2"));
            RunSnapshot run = Runs.ended(JobRunStatus.Known.SUCCESS);
            CompletableFuture<Input.Collected> one =
                    async(() -> storing.collect("c1", client, run, wanted.subList(0, 4)));
            CompletableFuture<Input.Collected> other =
                    async(() -> storing.collect("c2", client, run, wanted.subList(4, 8)));
            assertThat(one.get(20, SECONDS).ready()).hasSize(4);
            assertThat(other.get(20, SECONDS).ready()).hasSize(4);
        } finally {
            server.stop(0);
        }
        assertThat(most.get()).isEqualTo(2);
    }

    @Test
    void aBodyThatStandsStillIsGivenUp() throws Exception {
        ArtifactCollector storing = Emulated.storingIn(directory, Map.of());
        try (Emulated world = Emulated.start()) {
            RunSnapshot run =
                    world.ended(Emulated.SUCCEEDING, RunPlan.succeeding()).run();
            world.emulator.faults().next(1).on(Endpoint.GET_ARTIFACT).slowBody(100, Duration.ofMinutes(1));
            CompletableFuture<Input.Collected> collecting =
                    async(() -> storing.collect("c1", world.client, run, List.of(MANIFEST)));
            assertThat(collecting.get(20, SECONDS).notYet()).containsExactly(MANIFEST);
            assertNoFiles();
        }
    }

    @Test
    void anInterruptionEndsItAtOnce() throws Exception {
        ArtifactCollector storing = Emulated.storingIn(directory, Map.of());
        try (Emulated world = Emulated.start()) {
            RunSnapshot run =
                    world.ended(Emulated.SUCCEEDING, RunPlan.succeeding()).run();
            world.emulator.faults().next(1).on(Endpoint.GET_ARTIFACT).slowBody(100, Duration.ofMinutes(1));
            CompletableFuture<Throwable> thrown = new CompletableFuture<>();
            Thread thread = Thread.ofVirtual().start(() -> {
                try {
                    storing.collect("c1", world.client, run, List.of(MANIFEST));
                    thrown.complete(new AssertionError("not interrupted"));
                } catch (Exception e) {
                    thrown.complete(e);
                }
            });
            await().atMost(Duration.ofSeconds(20)).until(this::aFileHasBegun);
            thread.interrupt();
            assertThat(thrown.get(3, SECONDS)).isInstanceOf(InterruptedException.class);
            assertNoFiles();
        }
    }

    private boolean aFileHasBegun() throws java.io.IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            return all.anyMatch(file -> file.toString().endsWith(".part"));
        }
    }

    private void assertNoFiles() throws java.io.IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            assertThat(all.filter(Files::isRegularFile)).isEmpty();
        }
    }

    private static void meet(CyclicBarrier barrier) {
        try {
            barrier.await(10, SECONDS);
        } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
            throw new IllegalStateException(e);
        }
    }

    private static <T> CompletableFuture<T> async(Callable<T> task) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                result.complete(task.call());
            } catch (Exception e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }

    private static long heapInUse() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}

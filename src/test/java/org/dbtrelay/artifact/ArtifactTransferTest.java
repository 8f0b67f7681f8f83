package org.dbtrelay.artifact;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.run.job.JobRunStatus.Known.SUCCESS;

import com.sun.net.httpserver.HttpHandler;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.dbtrelay.emulator.PatternContent;
import org.dbtrelay.emulator.PlannedArtifact;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.WantedArtifact;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Large, slow and many artifacts. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
class ArtifactTransferTest {

    private static final int MEGABYTE = 1024 * 1024;
    private static final WantedArtifact MANIFEST = new WantedArtifact("manifest.json", null);

    @TempDir
    Path directory;

    @Test
    void aLargeOneArrivesWhole() throws Exception {
        int size = 50 * MEGABYTE;
        ArtifactCollector storing = Emulated.storingIn(directory, Map.of());
        try (Emulated world = Emulated.start()) {
            RunSnapshot run = world.ended(
                            Emulated.SUCCEEDING,
                            RunPlan.succeeding().artifact(PlannedArtifact.ofSize("manifest.json", size)))
                    .run();
            assertThat(storing.collect("c1", world.client, run, List.of(MANIFEST), Map.of())
                            .ready())
                    .singleElement()
                    .satisfies(artifact -> {
                        assertThat(artifact.sizeBytes()).isEqualTo(size);
                        assertThat(artifact.sha256())
                                .isEqualTo(PatternContent.named("manifest.json", size)
                                        .sha256());
                        assertThat(artifact.content().schemaVersion())
                                .isEqualTo("https://schemas.getdbt.com/dbt/manifest/v1.json");
                    });
        }
    }

    @Test
    void aLargeOnePassesThroughLittleMemory() throws Exception {
        CountDownLatch looked = new CountDownLatch(1);
        HttpHandler pausesBeforeTheEnd = exchange -> {
            byte[] piece = new byte[MEGABYTE];
            exchange.sendResponseHeaders(200, 50L * MEGABYTE);
            for (int i = 0; i < 50; i++) {
                if (i == 48) {
                    waitFor(looked);
                }
                exchange.getResponseBody().write(piece);
            }
            exchange.close();
        };
        try (Served served = Served.with(List.of("manifest.json"), pausesBeforeTheEnd)) {
            ArtifactCollector storing = Emulated.storingIn(directory, Map.of());
            long before = heapInUse();
            CompletableFuture<Input.ArtifactsCollected> collecting =
                    async(() -> storing.collect("c1", served.client, Runs.ended(SUCCESS), List.of(MANIFEST), Map.of()));
            await().atMost(Duration.ofSeconds(30)).until(() -> bytesOnDisk() >= 47L * MEGABYTE);
            long growth = heapInUse() - before;
            looked.countDown();
            assertThat(collecting.get(30, SECONDS).ready().getFirst().sizeBytes())
                    .isEqualTo(50L * MEGABYTE);
            assertThat(growth).isLessThan(8L * MEGABYTE);
        }
    }

    @Test
    void whatComesPackedIsStoredUnpacked() throws Exception {
        byte[] content = "{\"metadata\": {\"dbt_schema_version\": \"v12\"}}\n"
                .repeat(5_000)
                .getBytes(UTF_8);
        byte[] packed = gzip(content);
        AtomicInteger requests = new AtomicInteger();
        HttpHandler packs = exchange -> {
            boolean broken = requests.getAndIncrement() == 0;
            int length = broken ? packed.length - 9 : packed.length;
            exchange.getResponseHeaders().add("Content-Encoding", "gzip");
            exchange.sendResponseHeaders(200, length);
            exchange.getResponseBody().write(packed, 0, length);
            exchange.close();
        };
        try (Served served = Served.with(List.of("manifest.json"), packs)) {
            ArtifactCollector storing = Emulated.storingIn(directory, Map.of());
            Callable<Input.ArtifactsCollected> collect =
                    () -> storing.collect("c1", served.client, Runs.ended(SUCCESS), List.of(MANIFEST), Map.of());
            assertThat(collect.call().notYet())
                    .as("of a body that ends too early")
                    .hasSize(1);
            assertThat(bytesOnDisk()).isZero();
            assertThat(collect.call().ready()).singleElement().satisfies(artifact -> {
                assertThat(artifact.sizeBytes()).isEqualTo(content.length);
                assertThat(artifact.content().schemaVersion()).isEqualTo("v12");
                assertThat(Path.of(URI.create(artifact.location()))).hasBinaryContent(content);
            });
        }
    }

    private static byte[] gzip(byte[] content) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream packing = new GZIPOutputStream(packed)) {
            packing.write(content);
        }
        return packed.toByteArray();
    }

    @Test
    void noMoreThanConfiguredAreFetchedAtOnce() throws Exception {
        AtomicInteger now = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        // Opens only for pairs: with less than two at once nothing would get through.
        CyclicBarrier pairs = new CyclicBarrier(2);
        HttpHandler counts = exchange -> {
            most.accumulateAndGet(now.incrementAndGet(), Math::max);
            waitFor(pairs);
            now.decrementAndGet();
            exchange.sendResponseHeaders(200, 1);
            exchange.getResponseBody().write('1');
            exchange.close();
        };
        List<WantedArtifact> wanted = IntStream.range(0, 8)
                .mapToObj(i -> new WantedArtifact("f" + i, 1))
                .toList();
        try (Served served =
                Served.with(wanted.stream().map(WantedArtifact::path).toList(), counts)) {
            ArtifactCollector storing = Emulated.storingIn(directory, Map.of("relay.artifacts.parallelism", "2"));
            CompletableFuture<Input.ArtifactsCollected> one = async(
                    () -> storing.collect("c1", served.client, Runs.ended(SUCCESS), wanted.subList(0, 4), Map.of()));
            CompletableFuture<Input.ArtifactsCollected> other = async(
                    () -> storing.collect("c2", served.client, Runs.ended(SUCCESS), wanted.subList(4, 8), Map.of()));
            assertThat(one.get(30, SECONDS).ready()).hasSize(4);
            assertThat(other.get(30, SECONDS).ready()).hasSize(4);
        }
        assertThat(most.get()).isEqualTo(2);
    }

    @Test
    void anInterruptionEndsItAtOnce() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        HttpHandler standsStill = exchange -> {
            exchange.sendResponseHeaders(200, 1_000);
            exchange.getResponseBody().write(new byte[500]);
            exchange.getResponseBody().flush();
            waitFor(never);
            exchange.close();
        };
        try (Served served = Served.with(List.of("manifest.json"), standsStill)) {
            ArtifactCollector storing = Emulated.storingIn(directory, Map.of());
            CompletableFuture<Throwable> thrown = new CompletableFuture<>();
            Thread thread = Thread.ofVirtual().start(() -> {
                try {
                    storing.collect("c1", served.client, Runs.ended(SUCCESS), List.of(MANIFEST), Map.of());
                    thrown.complete(new AssertionError("not interrupted"));
                } catch (Exception e) {
                    thrown.complete(e);
                }
            });
            await().atMost(Duration.ofSeconds(30)).until(() -> bytesOnDisk() > 0);
            thread.interrupt();
            assertThat(thrown.get(30, SECONDS)).isInstanceOf(InterruptedException.class);
            assertThat(bytesOnDisk()).isZero();
            never.countDown();
        }
    }

    private long bytesOnDisk() throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            return all.map(Path::toFile)
                    .filter(File::isFile)
                    .mapToLong(File::length)
                    .sum();
        }
    }

    private static void waitFor(CountDownLatch latch) {
        try {
            assertThat(latch.await(60, SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void waitFor(CyclicBarrier barrier) {
        try {
            barrier.await(30, SECONDS);
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

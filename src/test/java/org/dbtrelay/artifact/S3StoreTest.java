package org.dbtrelay.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.StoredArtifact;
import org.dbtrelay.run.job.UnavailableReason;
import org.dbtrelay.run.job.WantedArtifact;
import org.dbtrelay.testkit.S3Front;
import org.dbtrelay.testkit.S3Server;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.ResponseBytes;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Object;

/** What is in the bucket of a real S3 server afterwards: the artifact, complete, or nothing. */
class S3StoreTest {

    private static final RunSnapshot RUN = Runs.ended(JobRunStatus.Known.SUCCESS);
    private static final int PART = S3Store.SMALLEST_PART;
    private static final WantedArtifact MANIFEST = new WantedArtifact("manifest.json", 4);

    @TempDir
    static Path directory;

    private static S3Server server;
    private static S3Client reader;

    private final String prefix = UUID.randomUUID().toString();
    private S3Front front;

    @BeforeAll
    static void start() {
        server = S3Server.start(directory);
        System.setProperty("aws.accessKeyId", "anybody");
        System.setProperty("aws.secretAccessKey", "anything");
        reader = S3Client.builder()
                .endpointOverride(server.url())
                .forcePathStyle(true)
                .region(Region.US_EAST_1)
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("a", "b")))
                .build();
    }

    @AfterAll
    static void stop() {
        System.clearProperty("aws.accessKeyId");
        System.clearProperty("aws.secretAccessKey");
        reader.close();
        server.close();
    }

    @BeforeEach
    void openFront() {
        front = S3Front.of(server.url());
    }

    @AfterEach
    void closeFront() {
        front.close();
    }

    private S3Store store(Map<String, String> more) {
        Map<String, String> properties = new HashMap<>(Map.of(
                "relay.artifacts.store",
                "s3",
                "relay.artifacts.bucket",
                S3Server.BUCKET,
                "relay.artifacts.prefix",
                prefix,
                "relay.artifacts.endpoint",
                front.url().toString(),
                "relay.artifacts.path-style",
                "true"));
        properties.putAll(more);
        return (S3Store) ArtifactStore.of(Configured.of(properties).artifacts());
    }

    private static byte[] bytes(int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return bytes;
    }

    private static Download download(byte[] bytes) {
        return new Download(new ByteArrayInputStream(bytes), "application/json", OptionalLong.empty());
    }

    private static Download breaksAfter(int size) {
        return new Download(
                ScriptedEnd.after(bytes(size), () -> {
                    throw new IOException("connection reset");
                }),
                null,
                OptionalLong.empty());
    }

    private List<String> keys() {
        return reader.listObjectsV2(it -> it.bucket(S3Server.BUCKET).prefix(prefix)).contents().stream()
                .map(S3Object::key)
                .toList();
    }

    private void assertNothingIsLeft() {
        assertThat(keys()).isEmpty();
        assertThat(reader.listMultipartUploads(it -> it.bucket(S3Server.BUCKET)).uploads())
                .as("unfinished uploads")
                .isEmpty();
    }

    private ResponseBytes<GetObjectResponse> object(String path) {
        return reader.getObjectAsBytes(
                it -> it.bucket(S3Server.BUCKET).key(prefix + "/4238/559062/70403110257794/4/" + path));
    }

    private long parts() {
        return front.requests().stream().filter(S3Front.Request::isPart).count();
    }

    @Test
    void aSmallOneIsPutWithTypeAndChecksum() throws Exception {
        byte[] bytes = "select 1".getBytes(StandardCharsets.UTF_8);
        StoredArtifact stored = store(Map.of()).store(RUN, new WantedArtifact("compiled/a b.sql", 4), download(bytes));

        assertThat(stored.location())
                .isEqualTo("s3://shop/" + prefix + "/4238/559062/70403110257794/4/compiled/a%20b.sql");
        assertThat(URI.create(stored.location()).getPath()).endsWith("/compiled/a b.sql");
        assertThat(stored.sizeBytes()).isEqualTo(8);
        ResponseBytes<GetObjectResponse> object = object("compiled/a b.sql");
        assertThat(object.asByteArray()).isEqualTo(bytes);
        assertThat(object.response().contentType()).isEqualTo("application/json");
        assertThat(object.response().metadata()).containsEntry("sha256", stored.sha256());
        assertThat(front.requests()).hasSize(1);
    }

    /** Two names that look alike are two keys: an accent can be a character of its own. */
    @Test
    void theLocationIsOfTheVeryKey() throws Exception {
        String path = "compiled/pre\u0301vu.sql";

        StoredArtifact stored = store(Map.of())
                .store(RUN, new WantedArtifact(path, 4), download("select 1".getBytes(StandardCharsets.UTF_8)));

        assertThat(URI.create(stored.location()).getPath().substring(1)).isEqualTo(keys().getFirst());
        assertThat(stored.location()).endsWith("/compiled/pre%CC%81vu.sql");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 12_345})
    void everySizeArrivesWhole(int size) throws Exception {
        byte[] bytes = bytes(size);
        StoredArtifact stored = store(Map.of()).store(RUN, MANIFEST, download(bytes));

        assertThat(object("manifest.json").asByteArray()).isEqualTo(bytes);
        assertThat(stored.sizeBytes()).isEqualTo(size);
        assertThat(stored.sha256())
                .isEqualTo(HexFormat.of()
                        .formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)));
        assertThat(parts()).isEqualTo(size <= PART ? 0 : Math.ceilDiv(size, PART));
    }

    @Test
    void theSameArtifactAgainReplacesTheObject() throws Exception {
        S3Store store = store(Map.of());
        store.store(RUN, MANIFEST, download(bytes(PART + 1)));
        store.store(RUN, MANIFEST, download(bytes(10)));
        assertThat(object("manifest.json").asByteArray()).isEqualTo(bytes(10));
        assertThat(keys()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {100, 2 * PART + 100})
    void aBrokenTransferLeavesNothing(int size) {
        assertThatThrownBy(() -> store(Map.of()).store(RUN, MANIFEST, breaksAfter(size)))
                .isInstanceOf(IOException.class)
                .hasMessage("connection reset");
        assertNothingIsLeft();
    }

    @Test
    void aTooLargeOneLeavesNothing() {
        S3Store store = store(Map.of("relay.artifacts.max-size", String.valueOf(2 * PART)));
        StoreException refused = catchThrowableOfType(
                StoreException.class, () -> store.store(RUN, MANIFEST, download(bytes(2 * PART + 1))));
        assertThat(refused.reason()).isEqualTo(UnavailableReason.TOO_LARGE);
        assertThat(refused.isPassing()).isFalse();
        assertNothingIsLeft();
    }

    @Test
    void aPathCannotLeaveThePrefix() {
        StoreException refused = catchThrowableOfType(
                StoreException.class,
                () -> store(Map.of()).store(RUN, new WantedArtifact("../../x", 4), download(bytes(1))));
        assertThat(refused.isPassing()).isFalse();
        assertThat(front.requests()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {100, 2 * PART})
    void troubleOfS3IsToldInItsOwnWordsAndPasses(int size) throws Exception {
        S3Store store = store(Map.of());
        front.answer(503, "SlowDown", request -> request.method().equals("PUT"));
        StoreException refused =
                catchThrowableOfType(StoreException.class, () -> store.store(RUN, MANIFEST, download(bytes(size))));
        assertThat(refused.reason()).isEqualTo(UnavailableReason.STORE_FAILED);
        assertThat(refused.isPassing()).isTrue();
        assertThat(refused.explanation()).isEqualTo("relay.artifacts.bucket cannot take it: 503 SlowDown: in a test");
        assertNothingIsLeft();

        front.calm();
        store.store(RUN, MANIFEST, download(bytes(size)));
        assertThat(object("manifest.json").asByteArray()).isEqualTo(bytes(size));
    }

    @Test
    void deniedAccessIsTold() {
        front.answer(403, "AccessDenied", request -> true);
        StoreException refused = catchThrowableOfType(
                StoreException.class, () -> store(Map.of()).store(RUN, MANIFEST, download(bytes(1))));
        assertThat(refused.explanation()).contains("403 AccessDenied");
        assertThat(refused.isPassing()).isTrue();
    }

    @Test
    void aMissingBucketIsTold() {
        S3Store store = store(Map.of("relay.artifacts.bucket", "no-such-bucket"));
        StoreException refused =
                catchThrowableOfType(StoreException.class, () -> store.store(RUN, MANIFEST, download(bytes(1))));
        assertThat(refused.explanation()).contains("404 NoSuchBucket");
        assertThat(refused.isPassing()).isTrue();
    }

    @Test
    void nobodyThereIsTold() {
        S3Store store = store(Map.of());
        front.close();
        StoreException refused =
                catchThrowableOfType(StoreException.class, () -> store.store(RUN, MANIFEST, download(bytes(1))));
        assertThat(refused.explanation()).startsWith("relay.artifacts.bucket cannot take it: ");
        assertThat(refused.isPassing()).isTrue();
    }

    @Test
    void anInterruptionAbortsTheUpload() {
        assertThatThrownBy(() -> store(Map.of())
                        .store(
                                RUN,
                                MANIFEST,
                                new Download(
                                        ScriptedEnd.after(
                                                bytes(PART + 100),
                                                () -> Thread.currentThread().interrupt()),
                                        null,
                                        OptionalLong.empty())))
                .isInstanceOf(InterruptedException.class);
        assertThat(Thread.interrupted()).as("still marked").isFalse();
        assertNothingIsLeft();
    }

    /** Reading has a time-out of its own; writing to a server that takes nothing would wait for ever, and hold a place for all others. */
    @Test
    void aServerThatTakesNothingIsGivenUp() throws Exception {
        try (ServerSocket deaf = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            S3Store store = new S3Store(
                    Configured.of(Map.of(
                                    "relay.artifacts.store",
                                    "s3",
                                    "relay.artifacts.bucket",
                                    S3Server.BUCKET,
                                    "relay.artifacts.endpoint",
                                    "http://127.0.0.1:" + deaf.getLocalPort(),
                                    "relay.artifacts.path-style",
                                    "true"))
                            .artifacts(),
                    new StoreLayout("{run_id}/{path}"),
                    Duration.ofMillis(200));
            CompletableFuture<Throwable> failed = new CompletableFuture<>();
            // As the collector's: an interruption ends a write of a virtual thread only.
            Thread.startVirtualThread(() ->
                    failed.complete(catchThrowable(() -> store.store(RUN, MANIFEST, download(bytes(PART - 1))))));

            assertThat(failed.get(30, TimeUnit.SECONDS))
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            refused -> assertThat(refused.isPassing()).isTrue());
        }
    }

    @Test
    void theServerIsAskedToEncrypt() throws Exception {
        store(Map.of("relay.artifacts.server-side-encryption", "AES256"))
                .store(RUN, MANIFEST, download(bytes(PART + 1)));
        assertThat(front.requests().getFirst().encryption()).isEqualTo("AES256");
        assertThat(object("manifest.json").asByteArray()).isEqualTo(bytes(PART + 1));
    }

    @Test
    void anObjectHasAsManyPartsAsItMay() {
        assertThat(S3Store.partSize(1)).isEqualTo(PART);
        assertThat(S3Store.partSize(PART * 10_000L)).isEqualTo(PART);
        assertThat(S3Store.partSize(PART * 10_000L + 1)).isEqualTo(PART + 1);
    }
}

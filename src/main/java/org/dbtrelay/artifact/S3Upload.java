package org.dbtrelay.artifact;

import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.job.Truncate;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompletedPart;

/**
 * An object that comes in part by part, one of which is in memory at a time; one that fits into a single part is put as it
 * is. S3 shows it when it is complete. Only a process that is killed leaves parts behind, which the bucket's own rule
 * ({@code AbortIncompleteMultipartUpload}) has to remove.
 */
final class S3Upload implements ArtifactWriter {

    private static final RelayLog LOG = RelayLog.of(S3Upload.class);
    private static final int FIRST_BUFFER = 64 * 1024;
    private static final int LONGEST_MESSAGE = 500;
    private static final int MIB = 1024 * 1024;

    /** S3 can take minutes to put the parts together. */
    private static final int LONGER_TO_COMPLETE = 10;

    private static final String SHA256 = "sha256";
    private static final String OCTETS = "application/octet-stream";

    private final S3Client client;
    private final Bucket bucket;
    private final String key;
    private final String contentType;
    private final int partSize;
    private final Duration attempt;

    private final List<CompletedPart> parts = new ArrayList<>();
    private byte[] buffer = new byte[FIRST_BUFFER];
    private int filled;
    private @Nullable String uploadId;

    /**
     * An upload that has yet to begin.
     *
     * @param partSize in bytes
     * @param attempt how long each attempt of a request may take, and as much again for each mebibyte that it sends
     */
    S3Upload(S3Client client, Bucket bucket, String key, @Nullable String contentType, int partSize, Duration attempt) {
        this.client = client;
        this.bucket = bucket;
        this.key = key;
        this.contentType = Objects.requireNonNullElse(contentType, OCTETS);
        this.partSize = partSize;
        this.attempt = attempt;
    }

    /**
     * The bucket and how it is asked to encrypt.
     *
     * @param encryption as S3 calls it; null: its own default
     * @param kmsKeyId null: the account's default
     */
    record Bucket(
            String name,
            @Nullable String encryption,
            @Nullable String kmsKeyId) {}

    @Override
    public void write(byte[] bytes, int from, int length) throws StoreException, InterruptedException {
        int written = 0;
        while (written < length) {
            if (filled == partSize) {
                sendPart();
            }
            int some = Math.min(length - written, partSize - filled);
            if (filled + some > buffer.length) {
                buffer = Arrays.copyOf(buffer, (int) Math.min(partSize, Math.max(2L * buffer.length, filled + some)));
            }
            System.arraycopy(bytes, from + written, buffer, filled, some);
            filled += some;
            written += some;
        }
    }

    private void sendPart() throws StoreException, InterruptedException {
        if (uploadId == null) {
            uploadId = call(() -> client.createMultipartUpload(it -> it.bucket(bucket.name())
                            .key(key)
                            .contentType(contentType)
                            .serverSideEncryption(bucket.encryption())
                            .ssekmsKeyId(bucket.kmsKeyId())
                            .overrideConfiguration(within(attempt))))
                    .uploadId();
        }
        String upload = uploadId;
        int number = parts.size() + 1;
        String eTag = call(() -> client.uploadPart(
                        it -> it.bucket(bucket.name())
                                .key(key)
                                .uploadId(upload)
                                .partNumber(number)
                                .overrideConfiguration(within(timeToSend())),
                        body()))
                .eTag();
        parts.add(CompletedPart.builder().partNumber(number).eTag(eTag).build());
        filled = 0;
    }

    @Override
    public String publish(String sha256) throws StoreException, InterruptedException {
        if (uploadId == null) {
            call(() -> client.putObject(
                    it -> it.bucket(bucket.name())
                            .key(key)
                            .contentType(contentType)
                            .metadata(Map.of(SHA256, sha256))
                            .serverSideEncryption(bucket.encryption())
                            .ssekmsKeyId(bucket.kmsKeyId())
                            .overrideConfiguration(within(timeToSend())),
                    body()));
            return location();
        }
        if (filled > 0) {
            sendPart();
        }
        String upload = uploadId;
        call(() -> client.completeMultipartUpload(it -> it.bucket(bucket.name())
                .key(key)
                .uploadId(upload)
                .multipartUpload(all -> all.parts(parts))
                .overrideConfiguration(within(attempt.multipliedBy(LONGER_TO_COMPLETE)))));
        uploadId = null;
        return location();
    }

    private Duration timeToSend() {
        return attempt.multipliedBy(1L + filled / MIB);
    }

    /** The SDK interrupts the thread, which ends also a write that waits for a server that takes nothing: the threads are virtual. */
    private static Consumer<AwsRequestOverrideConfiguration.Builder> within(Duration time) {
        return it -> it.apiCallAttemptTimeout(time);
    }

    /** The content of the buffer, without a copy; it can be read again, should the SDK try again. */
    private RequestBody body() {
        byte[] bytes = buffer;
        int length = filled;
        return RequestBody.fromContentProvider(() -> new ByteArrayInputStream(bytes, 0, length), length, contentType);
    }

    private String location() {
        try {
            return StoreLayout.ascii(new URI("s3", bucket.name(), "/" + key, null, null));
        } catch (URISyntaxException e) {
            throw new IllegalStateException("no name of an object: " + key, e);
        }
    }

    /** Aborts a multipart upload that was not completed, even if this thread is interrupted: nobody else would. */
    @Override
    public void close() {
        if (uploadId == null) {
            return;
        }
        boolean interrupted = Thread.interrupted();
        try {
            String upload = uploadId;
            client.abortMultipartUpload(
                    it -> it.bucket(bucket.name()).key(key).uploadId(upload).overrideConfiguration(within(attempt)));
        } catch (SdkException e) {
            LOG.warn(
                    "A multipart upload could not be aborted",
                    RelayLog.pair(LogKey.PATH, key),
                    RelayLog.pair(LogKey.DETAIL, words(e)));
        } finally {
            uploadId = null;
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static <T> T call(Supplier<T> request) throws StoreException, InterruptedException {
        try {
            return request.get();
        } catch (SdkException e) {
            Interruption.rethrow(e);
            throw StoreException.failed("relay.artifacts.bucket cannot take it: " + words(e), e);
        }
    }

    /** The message of S3, or of the SDK. */
    private static String words(SdkException e) {
        String words = e instanceof AwsServiceException told
                        && told.awsErrorDetails() != null
                        && told.awsErrorDetails().errorCode() != null
                ? "%d %s: %s"
                        .formatted(
                                told.statusCode(),
                                told.awsErrorDetails().errorCode(),
                                told.awsErrorDetails().errorMessage())
                : String.valueOf(e.getMessage());
        return Truncate.to(LONGEST_MESSAGE, words);
    }
}

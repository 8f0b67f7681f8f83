package org.dbtrelay.artifact;

import java.net.URI;
import java.time.Duration;
import org.dbtrelay.config.ArtifactsConfig;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.SdkSystemSetting;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;

/**
 * Keeps artifacts as objects of a bucket. The AWS SDK finds the credentials: environment, web identity,
 * profile, container, instance.
 */
final class S3Store extends KeepingStore {

    /** The least that S3 takes as a part, the last one aside (docs: multipart upload limits). */
    static final int SMALLEST_PART = 5 * 1024 * 1024;

    /** The most parts of an object (docs: multipart upload limits). */
    private static final int MOST_PARTS = 10_000;

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration SILENCE_TIMEOUT = Duration.ofSeconds(60);

    /** For each attempt of a request, and again for each mebibyte that it sends. */
    private static final Duration ATTEMPT_TIMEOUT = Duration.ofMinutes(1);

    private final S3Client client;
    private final S3Upload.Bucket bucket;
    private final String prefix;
    private final Duration attempt;

    /** As {@link #S3Store(ArtifactsConfig, StoreLayout, Duration)}, with the usual time for an attempt. */
    S3Store(ArtifactsConfig config, StoreLayout layout) {
        this(config, layout, ATTEMPT_TIMEOUT);
    }

    /**
     * A store; nothing is asked of S3 yet.
     *
     * @param attempt how long each attempt of a request may take, and as much again for each mebibyte that it sends: the time-outs of
     *     the connection do not hold for a server that takes nothing
     *
     * @throws IllegalStateException no bucket
     * @throws SdkClientException a region that is nowhere to be found; {@link StoreCheck} says so more kindly at start
     */
    S3Store(ArtifactsConfig config, StoreLayout layout, Duration attempt) {
        super(layout, config.maxSize());
        String name =
                config.bucket().orElseThrow(() -> new IllegalStateException("relay.artifacts.bucket is missing."));
        this.client = client(config);
        this.bucket = new S3Upload.Bucket(
                name,
                config.serverSideEncryption().equals("none") ? null : config.serverSideEncryption(),
                config.kmsKeyId().orElse(null));
        this.attempt = attempt;
        this.prefix =
                config.prefix().map(it -> it.endsWith("/") ? it : it + "/").orElse("");
    }

    @Override
    ArtifactWriter writer(String key, @Nullable String contentType, long sizeLimit) {
        return new S3Upload(client, bucket, prefix + key, contentType, partSize(sizeLimit), attempt);
    }

    /** So that an artifact of {@code sizeLimit} bytes has no more parts than an object may have. */
    static int partSize(long sizeLimit) {
        return Math.toIntExact(Math.max(SMALLEST_PART, Math.ceilDiv(sizeLimit, MOST_PARTS)));
    }

    /** A client, which has asked nothing of S3 yet. */
    static S3Client client(ArtifactsConfig config) {
        S3ClientBuilder builder = S3Client.builder()
                .httpClientBuilder(UrlConnectionHttpClient.builder()
                        .connectionTimeout(CONNECT_TIMEOUT)
                        .socketTimeout(SILENCE_TIMEOUT))
                .overrideConfiguration(it -> it.retryStrategy(AwsRetryStrategy.standardRetryStrategy()))
                .forcePathStyle(config.pathStyle());
        config.region().map(Region::of).ifPresent(builder::region);
        config.endpoint().ifPresent(endpoint -> elsewhere(builder, endpoint, config));
        return builder.build();
    }

    /** To those who are not Amazon a region is a word in a signature: most take any, and it is not worth a search. */
    private static void elsewhere(S3ClientBuilder builder, URI endpoint, ArtifactsConfig config) {
        builder.endpointOverride(endpoint);
        if (config.region().isEmpty()) {
            builder.region(
                    SdkSystemSetting.AWS_REGION.getStringValue().map(Region::of).orElse(Region.US_EAST_1));
        }
    }
}

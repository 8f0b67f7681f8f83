package org.dbtrelay.config;

import io.smallrye.config.WithDefault;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** {@code relay.artifacts}. */
public interface ArtifactsConfig {
    /** The artifacts that are announced when a run has ended, unless its command says otherwise; empty: none. */
    @WithDefault("manifest.json,run_results.json")
    Optional<List<String>> paths();

    /** The store of artifacts: {@code none} (announced only), {@code file} or {@code s3}. */
    @WithDefault("none")
    StoreKind store();

    /** The path of an artifact below the directory or the prefix. */
    @WithDefault("{account_id}/{job_id}/{run_id}/{step}/{path}")
    String layout();

    /** The directory of the store {@code file}. */
    Optional<Path> directory();

    /** The bucket of the store {@code s3}. */
    Optional<String> bucket();

    /** The prefix of every object's key in the store {@code s3}. */
    Optional<String> prefix();

    /** The URL of an S3 that is not Amazon's; plain {@code http} only to loopback. */
    Optional<URI> endpoint();

    /** The bucket's region; absent: as the AWS SDK finds it. */
    Optional<String> region();

    /** Whether the bucket stands in the path of a request instead of the host's name. */
    @WithDefault("false")
    boolean pathStyle();

    /** The encryption that the relay asks S3 for: {@code AES256} or {@code aws:kms}; {@code none}: the bucket's own default. */
    @WithDefault("none")
    String serverSideEncryption();

    /** The key for {@code aws:kms}; absent: the account's default one. */
    Optional<String> kmsKeyId();

    /** The number of artifacts that are fetched at once. */
    @WithDefault("4")
    int parallelism();

    /** The longest time for an artifact of an ended run to appear, and for its store to take it. */
    @WithDefault("5m")
    Duration patience();

    /** Larger artifacts are not stored, in bytes; a suffix is not understood. */
    @WithDefault("1073741824")
    long maxSize();
}

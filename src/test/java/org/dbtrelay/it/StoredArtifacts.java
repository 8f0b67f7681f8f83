package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.dbtrelay.emulator.PatternContent;
import org.dbtrelay.testkit.S3Server;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;

/** What the relay has stored, in its directory or in a bucket, seen from outside. */
interface StoredArtifacts extends AutoCloseable {

    /** Has processes that are started from now on store here. */
    void setIn(Deployment relay);

    /** What is to be had under a location that an event told. */
    InputStream open(URI location) throws IOException;

    /** How many artifacts are there. */
    int count() throws IOException;

    /** How many a killed process has left half-way. */
    int halves() throws IOException;

    @Override
    default void close() {}

    /** What an {@code artifact.ready} tells is there, to the byte. */
    default void assertThere(JsonNode told, PatternContent content) throws Exception {
        assertThat(told.path("size_bytes").asLong()).isEqualTo(content.size());
        assertThat(told.path("sha256").asText()).isEqualTo(content.sha256());
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        try (InputStream stored =
                new DigestInputStream(open(URI.create(told.path("location").asText())), digest)) {
            stored.transferTo(java.io.OutputStream.nullOutputStream());
        }
        assertThat(HexFormat.of().formatHex(digest.digest())).isEqualTo(content.sha256());
    }

    /** The files of a deployment. */
    record InDirectory(Path directory) implements StoredArtifacts {
        @Override
        public void setIn(Deployment relay) {
            relay.set("relay.artifacts.store", "file");
        }

        @Override
        public InputStream open(URI location) throws IOException {
            return Files.newInputStream(Path.of(location));
        }

        @Override
        public int count() throws IOException {
            return files().size() - halves();
        }

        @Override
        public int halves() throws IOException {
            return (int) files().stream()
                    .filter(file -> file.startsWith(directory.resolve(".incoming")))
                    .count();
        }

        private List<Path> files() throws IOException {
            try (Stream<Path> all = Files.walk(directory)) {
                return all.filter(Files::isRegularFile).toList();
            }
        }
    }

    /** The objects of a deployment, all below a prefix of its own. */
    final class InBucket implements StoredArtifacts {
        private final URI url;
        private final String prefix;
        private final S3Client client;

        InBucket(URI url, String prefix) {
            this.url = url;
            this.prefix = prefix;
            this.client = S3Client.builder()
                    .endpointOverride(url)
                    .forcePathStyle(true)
                    .region(Region.US_EAST_1)
                    .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("a", "b")))
                    .build();
        }

        @Override
        public void setIn(Deployment relay) {
            relay.set("relay.artifacts.store", "s3")
                    .set("relay.artifacts.bucket", S3Server.BUCKET)
                    .set("relay.artifacts.prefix", prefix)
                    .set("relay.artifacts.endpoint", url.toString())
                    .set("relay.artifacts.path-style", "true");
            relay.builder().option("-Daws.accessKeyId=anybody").option("-Daws.secretAccessKey=anything");
        }

        @Override
        public InputStream open(URI location) {
            assertThat(location.getScheme()).isEqualTo("s3");
            return client.getObject(
                    it -> it.bucket(location.getHost()).key(location.getPath().substring(1)));
        }

        @Override
        public int count() {
            List<S3Object> objects = client.listObjectsV2(
                            it -> it.bucket(S3Server.BUCKET).prefix(prefix + "/"))
                    .contents();
            return objects.size();
        }

        @Override
        public int halves() {
            return client.listMultipartUploads(it -> it.bucket(S3Server.BUCKET).prefix(prefix + "/"))
                    .uploads()
                    .size();
        }

        @Override
        public void close() {
            client.close();
        }
    }
}

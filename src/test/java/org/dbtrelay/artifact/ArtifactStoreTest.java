package org.dbtrelay.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.util.Map;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.StoredArtifact;
import org.dbtrelay.run.job.WantedArtifact;
import org.junit.jupiter.api.Test;

/** Which store the configuration means, and what an artifact looks like that is not stored. */
class ArtifactStoreTest {

    private static ArtifactStore store(Map<String, String> properties) {
        return ArtifactStore.of(Configured.of(properties).artifacts());
    }

    private static String location(String host, WantedArtifact wanted) {
        StoredArtifact artifact =
                new NoStore().pointTo(URI.create(host), Runs.ended(JobRunStatus.Known.SUCCESS), wanted);
        assertThat(artifact.wanted()).isEqualTo(wanted);
        assertThat(artifact.sizeBytes()).isNull();
        assertThat(artifact.sha256()).isNull();
        return artifact.location();
    }

    @Test
    void theConfigurationNamesTheStore() {
        assertThat(store(Map.of())).isInstanceOf(NoStore.class);
        assertThat(store(Map.of("relay.artifacts.store", "file", "relay.artifacts.directory", "/tmp/x")))
                .isInstanceOf(FileStore.class);
        assertThatThrownBy(() -> store(Map.of("relay.artifacts.store", "file")))
                .hasMessage("relay.artifacts.directory is missing.");
        assertThatThrownBy(() -> store(Map.of("relay.artifacts.store", "s3")))
                .hasMessage("relay.artifacts.bucket is missing.");
    }

    /** An accent that is a character of its own stays one. */
    @Test
    void theUrlNamesTheVeryPath() {
        assertThat(location("https://ab123.us1.dbt.com", new WantedArtifact("compiled/pre\u0301vu.sql", null)))
                .endsWith("/artifacts/compiled/pre%CC%81vu.sql");
    }

    @Test
    void withoutAStoreTheLocationIsDbtCloudsUrl() {
        assertThat(location("https://ab123.us1.dbt.com", new WantedArtifact("run_results.json", 4)))
                .isEqualTo("https://ab123.us1.dbt.com/api/v2/accounts/4238/runs/70403110257794/artifacts/"
                        + "run_results.json?step=4");
        assertThat(location("https://ab123.us1.dbt.com/", new WantedArtifact("manifest.json", null)))
                .isEqualTo(
                        "https://ab123.us1.dbt.com/api/v2/accounts/4238/runs/70403110257794/artifacts/manifest.json");
    }

    @Test
    void thePathIsEncoded() {
        assertThat(location("http://127.0.0.1:8080", new WantedArtifact("compiled/a b/50%?#ü.sql", null)))
                .endsWith("/artifacts/compiled/a%20b/50%25%3F%23%C3%BC.sql");
    }
}

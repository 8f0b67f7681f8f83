package org.dbtrelay.artifact;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.job.RunEnd;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.WantedArtifact;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** dbt Cloud redirects to another server for files and logs: the relay reads them there, and nothing secret goes along. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
class PresignedUrlsTest {

    /** What a request has to have, what the HTTP client adds, and the relay's name. */
    private static final Set<String> HARMLESS = Set.of("host", "accept", "user-agent", "connection", "content-length");

    @TempDir
    Path directory;

    private Emulated world;

    @BeforeEach
    void start() {
        world = Emulated.withStorage();
    }

    @AfterEach
    void stop() {
        world.close();
    }

    private RunSnapshot failed() throws DbtCloudException {
        return world.ended(Emulated.FAILING, RunPlan.failing("dbt build", "it broke"))
                .run();
    }

    private void nothingSecretWentAlong() {
        assertThat(world.emulator.headersToStorage()).isNotEmpty().allSatisfy(headers -> {
            assertThat(headers.keySet()).isSubsetOf(HARMLESS);
            assertThat(headers.toString()).doesNotContain(world.emulator.token());
        });
    }

    @Test
    void artifactsAreReadThereWithoutTheToken() throws Exception {
        RunSnapshot run = failed();
        List<WantedArtifact> wanted =
                List.of(new WantedArtifact("manifest.json", null), new WantedArtifact("run_results.json", 4));
        Input.ArtifactsCollected collected = Emulated.storingIn(directory, Map.of())
                .collect("c1", world.client, run, wanted, Map.of(4, run.createdAt()));

        assertThat(collected.ready())
                .hasSize(2)
                .allSatisfy(artifact -> assertThat(Files.size(Path.of(java.net.URI.create(artifact.location()))))
                        .isEqualTo(artifact.sizeBytes()));
        assertThat(collected.ready().get(1).content().results()).isNotNull();
        assertThat(world.emulator.count(Endpoint.GET_ARTIFACT)).isEqualTo(2);
        assertThat(world.emulator.headersToStorage())
                .as("the run with its steps, and both")
                .hasSize(3);
        nothingSecretWentAlong();
    }

    @Test
    void stepsAndTheirLogsAreReadThereWithoutTheToken() throws Exception {
        RunEnd end = new FailureReader().read(world.client, failed());

        assertThat(end.isComplete()).isTrue();
        assertThat(end.failure().step().logTail()).contains("it broke");
        assertThat(end.failure().nodes()).hasSize(1);
        nothingSecretWentAlong();
    }

    /** A URL that was valid when dbt Cloud signed it, and is not any more: it is asked again, and signs a fresh one. */
    @Test
    void aFreshUrlIsSignedForEachRead() throws Exception {
        RunSnapshot run = failed();
        ArtifactCollector storing = Emulated.storingIn(directory, Map.of());
        List<WantedArtifact> wanted = List.of(new WantedArtifact("manifest.json", null));
        storing.collect("c1", world.client, run, wanted, Map.of());
        world.emulator.advance(Duration.ofMinutes(16));

        assertThat(storing.collect("c1", world.client, run, wanted, Map.of()).ready())
                .hasSize(1);
    }
}

package org.dbtrelay.lineage.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import org.dbtrelay.lineage.follow.RunArtifacts.Patience;
import org.dbtrelay.lineage.follow.ScriptedCloud.Answer;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunDetails;
import org.dbtrelay.run.job.RunSnapshot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class RunArtifactsTest {

    private final ScriptedCloud cloud = new ScriptedCloud();
    private final Set<String> without = new HashSet<>();

    private RunArtifacts artifacts(Patience patience, boolean saved) {
        RunSnapshot run = new RunSnapshot(
                ScriptedCloud.RUN,
                ScriptedCloud.ACCOUNT,
                null,
                null,
                1,
                null,
                JobRunStatus.Known.SUCCESS,
                null,
                null,
                null,
                null,
                null,
                saved,
                null,
                null,
                RunDetails.NONE);
        return new RunArtifacts(cloud.client(), run, patience, without);
    }

    private static Later laterOf(RunArtifacts artifacts) {
        return catchThrowableOfType(Later.class, () -> artifacts.open("manifest.json", 4));
    }

    /** The connection has one slot: an artifact that keeps it lets the next one wait for ever. */
    @Test
    void givesTheSlotBackWithTheStream() throws IOException, InterruptedException {
        cloud.answers("manifest.json", Answer.of("{\"a\": 1}"));
        RunArtifacts artifacts = artifacts(Patience.WAITING, true);

        for (int i = 0; i < 3; i++) {
            try (InputStream stream = artifacts.open("manifest.json", 4).orElseThrow()) {
                assertThat(new String(stream.readAllBytes(), StandardCharsets.UTF_8))
                        .isEqualTo("{\"a\": 1}");
            }
        }

        assertThat(cloud.asked).hasSize(3);
    }

    @Test
    void asksForNothingThatIsGivenUp() throws IOException, InterruptedException {
        cloud.answers("manifest.json", Answer.of("{}"));
        without.add("4/manifest.json");
        RunArtifacts artifacts = artifacts(Patience.OVER, true);

        assertThat(artifacts.open("manifest.json", 4)).isEmpty();
        assertThat(cloud.asked).isEmpty();
        assertThat(artifacts.last()).isNull();
        try (InputStream ofAnother = artifacts.open("manifest.json", 5).orElseThrow()) {
            assertThat(ofAnother).isNotNull();
        }
        assertThat(artifacts.last()).isEqualTo("5/manifest.json");
    }

    @Test
    void waitsForWhatIsNotSavedYet() {
        Later later = laterOf(artifacts(Patience.WAITING, false));

        assertThat(later).isNotNull();
        assertThat(later.isCutOff()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"WAITING, true", "OVER, true", "OVER, false"})
    void doesWithoutWhatIsNotThere(Patience patience, boolean saved) throws IOException, InterruptedException {
        assertThat(artifacts(patience, saved).open("manifest.json", 4)).isEmpty();
        assertThat(cloud.asked).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({"403, 'not yours'", "403, 'Token is not scoped to account'", "410, gone"})
    void doesWithoutWhatIsRefused(int status, String words) throws IOException, InterruptedException {
        cloud.answers("manifest.json", Answer.error(status, words));

        assertThat(artifacts(Patience.WAITING, true).open("manifest.json", 4)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"401", "429", "407"})
    void saysThatItIsCutOff(int status) {
        cloud.answers("manifest.json", Answer.error(status));

        Later later = laterOf(artifacts(Patience.OVER, true));

        assertThat(later).isNotNull();
        assertThat(later.isCutOff()).isTrue();
    }

    @Test
    void saysThatNobodyListens() {
        cloud.answers("manifest.json", Answer.refused());

        Later later = laterOf(artifacts(Patience.WAITING, true));

        assertThat(later).isNotNull();
        assertThat(later.isCutOff()).isTrue();
    }

    @ParameterizedTest
    @EnumSource(
            value = Patience.class,
            names = {"WAITING", "OVER"})
    void waitsAfterAnAnswerThatSaysNothing(Patience patience) {
        cloud.answers("manifest.json", Answer.error(500));

        Later later = laterOf(artifacts(patience, true));

        assertThat(later).isNotNull();
        assertThat(later.isCutOff()).isFalse();
    }

    @Test
    void isInterrupted() {
        cloud.answers("manifest.json", Answer.interrupted());
        RunArtifacts artifacts = artifacts(Patience.WAITING, true);

        assertThatThrownBy(() -> artifacts.open("manifest.json", 4)).isInstanceOf(InterruptedException.class);

        assertThat(Thread.interrupted()).isFalse();
    }
}

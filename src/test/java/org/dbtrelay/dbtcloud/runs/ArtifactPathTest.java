package org.dbtrelay.dbtcloud.runs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.run.job.CallFailure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArtifactPathTest {

    @Test
    void encodesEachSegment() throws DbtCloudException {
        assertThat(ArtifactPath.encode("manifest.json")).isEqualTo("manifest.json");
        assertThat(ArtifactPath.encode("run/my project/ü?#%2F{a}.sql"))
                .isEqualTo("run/my%20project/%C3%BC%3F%23%252F%7Ba%7D.sql");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "/manifest.json",
                "run/",
                "run//a",
                "..",
                "../x",
                "run/../../x",
                "./a",
                "a\\..\\b",
                "a\nb"
            })
    void refusesWhatLeadsElsewhere(String path) {
        assertThatThrownBy(() -> ArtifactPath.encode(path))
                .isInstanceOfSatisfying(
                        DbtCloudException.class, e -> assertThat(e.failure()).isInstanceOf(CallFailure.Refused.class));
    }
}

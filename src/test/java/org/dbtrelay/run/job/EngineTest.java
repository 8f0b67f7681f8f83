package org.dbtrelay.run.job;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class EngineTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0.21.0",
                "1.2.0-latest",
                "1.10.0-latest",
                "versionless",
                "latest",
                "compatible",
                "extended",
                "2025.9.30+21d3fd7",
                "2026.11.1"
            })
    void coreIsOlderThanTwoOrNumberedByItsDate(String version) {
        assertThat(Engine.of(version)).isEqualTo(Engine.CORE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"latest-fusion", "Latest-Fusion", "2.0.0-preview.94", "v2.1.0", "2.0.0+abc", "2", "3.0.1"})
    void fusionIsVersionTwo(String version) {
        assertThat(Engine.of(version)).isEqualTo(Engine.FUSION);
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", " ", "nightly", "99999999.1", "1a"})
    void anUnknownVersionHasNoKnownEngine(String version) {
        assertThat(Engine.of(version)).isNull();
    }

    @Test
    void hasTheWordsOfEvents() {
        assertThat(Engine.CORE.wireName()).isEqualTo("core");
        assertThat(Engine.FUSION.wireName()).isEqualTo("fusion");
    }
}

package org.dbtrelay.run.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunFilterTest {

    private final RunSnapshot run = SampleRun.of(70).jobId(7).build();

    @Test
    void takesEveryRunIfItSaysNothing() {
        assertThat(RunFilter.ALL.takes(run)).isTrue();
    }

    @Test
    void takesTheRunsOfItsJobsOnly() {
        assertThat(new RunFilter(Set.of(7L, 8L), null, null, null, null).takes(run))
                .isTrue();
        assertThat(new RunFilter(Set.of(8L), null, null, null, null).takes(run)).isFalse();
    }

    @Test
    void takesARunOfWhichTheAnswerDoesNotTellWhatIsAskedFor() {
        RunFilter filter = new RunFilter(null, null, null, Set.of("scheduled"), null);

        assertThat(filter.takes(run)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "prod_*, prod_daily, true",
        "prod_*, prod_, true",
        "prod_*, Prod_daily, false",
        "*daily*, the daily build, true",
        "*a*b, aab, true",
        "*a*b, aabc, false",
        "d?ily, daily, true",
        "d?ily, dily, false",
        "*, anything, true",
        "'', x, false",
        "a.c, abc, false"
    })
    void matchesNames(String pattern, String name, boolean matches) {
        assertThat(RunFilter.isLike(name, pattern)).isEqualTo(matches);
    }
}

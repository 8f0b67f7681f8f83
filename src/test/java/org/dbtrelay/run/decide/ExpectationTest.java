package org.dbtrelay.run.decide;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Set;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.job.JobRunStatus.Known;
import org.dbtrelay.run.job.RunSnapshot;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExpectationTest {

    @ParameterizedTest(name = "{0} is met by {1}, which started at {2}: {3}")
    @CsvSource({
        "STARTING, QUEUED,,                      false",
        "STARTING, STARTING,,                    true",
        "STARTING, RUNNING,,                     true",
        "STARTING, SUCCESS, 2026-11-22T10:00:01Z, true",
        "STARTING, CANCELLED, 2026-11-22T10:00:01Z, true",
        "STARTING, CANCELLED,,                   false",
        "RUNNING,  STARTING,,                    false",
        "SUCCESS,  RUNNING, 2026-11-22T10:00:01Z, false",
        "SUCCESS,  ERROR,   2026-11-22T10:00:01Z, false",
    })
    void a_status_that_has_been_passed_was_reached(
            Known expected, Known seen, @Nullable Instant startedAt, boolean met) {
        RunSnapshot run = new RunSnapshot(
                99, 1, 2L, 3L, 7, "daily", seen, null, "https://x/99", null, startedAt, null, true, null, null);

        assertThat(Expectation.of(new Task.Follow(99, Set.of(expected))).isMetBy(run))
                .isEqualTo(met);
    }
}

package org.dbtrelay.run.decide;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Set;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.job.JobRunStatus.Known;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.SampleRun;
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
    void aStatusThatHasBeenPassedWasReached(Known expected, Known seen, @Nullable Instant startedAt, boolean met) {
        RunSnapshot run = SampleRun.of(99)
                .status(seen)
                .createdAt(null)
                .startedAt(startedAt)
                .build();

        assertThat(Expectation.of(new Task.Follow(99, Set.of(expected))).isMetBy(run))
                .isEqualTo(met);
    }
}

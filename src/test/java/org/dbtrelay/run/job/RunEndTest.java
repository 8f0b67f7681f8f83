package org.dbtrelay.run.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.dbtrelay.run.decide.RunSamples;
import org.dbtrelay.run.job.JobRunStatus.Known;
import org.dbtrelay.run.job.RunEnd.Part;
import org.junit.jupiter.api.Test;

class RunEndTest {

    private static final RunSnapshot ENDED = RunSamples.run(Known.ERROR);

    @Test
    void a_failure_is_an_error_or_dbt_clouds_own_time_out() {
        String timedOut =
                "This run timed out after running for 1 minute, which exceeded the configured timeout of 60 seconds.";

        assertThat(RunEnd.isFailure(ENDED)).isTrue();
        assertThat(RunEnd.isFailure(RunSamples.run(Known.CANCELLED, timedOut, null)))
                .isTrue();
        assertThat(RunEnd.isFailure(RunSamples.run(Known.CANCELLED, "Cancelled by user.", null)))
                .isFalse();
        assertThat(RunEnd.isFailure(RunSamples.run(Known.SUCCESS))).isFalse();
    }

    @Test
    void steps_weigh_as_much_as_everything_that_is_read_of_them() {
        assertThat(RunEnd.isMore(Set.of(Part.LOG), Set.of(Part.STEPS))).isTrue();
        assertThat(RunEnd.isMore(Set.of(Part.LOG), Set.of(Part.LOG, Part.NODES)))
                .isTrue();
        assertThat(RunEnd.isMore(Set.of(Part.NODES), Set.of(Part.LOG))).isFalse();
        assertThat(RunEnd.isMore(Set.of(Part.STEPS), Set.of(Part.LOG, Part.NODES)))
                .isFalse();
        assertThat(RunEnd.complete(ENDED, List.of(), null).tellsMoreThan(Set.of(Part.LOG)))
                .isTrue();
        assertThat(RunEnd.unread(ENDED, null).tellsMoreThan(Set.of(Part.STEPS))).isFalse();
    }

    @Test
    void no_use_to_wait_for_what_is_there_or_refused() {
        assertThat(RunEnd.complete(ENDED, List.of(), null).isSettled()).isTrue();
        assertThat(RunEnd.unread(ENDED, new CallFailure.Refused("403", 403, null))
                        .isSettled())
                .isTrue();
        assertThat(RunEnd.unread(ENDED, new CallFailure.NotFound("404")).isSettled())
                .isFalse();
        assertThat(RunEnd.unread(ENDED, null).isSettled()).isFalse();
    }
}

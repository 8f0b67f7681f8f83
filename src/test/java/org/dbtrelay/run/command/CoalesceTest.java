package org.dbtrelay.run.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Whose word counts on which commands share a run. */
class CoalesceTest {

    private static final Duration QUIET = Duration.ofMinutes(2);
    private static final Coalesce.Requested NONE = Coalesce.Requested.NONE;
    private static final Coalesce.Requested OFF = new Coalesce.Requested(false, null, null);
    private static final Coalesce.Requested ON = new Coalesce.Requested(true, null, null);
    private static final Coalesce.Requested WITH_QUIET = new Coalesce.Requested(null, QUIET, null);
    private static final Coalesce.Defaults DEFAULTS = Coalesce.Defaults.NONE;

    @Test
    void nothingIsWantedByDefault() {
        assertThat(NONE.over(DEFAULTS)).isNull();
        assertThat(new Coalesce.Requested(null, null, QUIET).over(DEFAULTS)).isNull();
    }

    @Test
    void aQuietTimeWantsIt() {
        assertThat(WITH_QUIET.over(DEFAULTS)).isEqualTo(new Coalesce(QUIET, DEFAULTS.atMost()));
        assertThat(ON.over(DEFAULTS)).isEqualTo(new Coalesce(Duration.ZERO, DEFAULTS.atMost()));
        assertThat(NONE.over(new Coalesce.Defaults(true, QUIET, QUIET))).isEqualTo(new Coalesce(QUIET, QUIET));
    }

    @Test
    void theNearestWordCounts() {
        assertThat(OFF.or(WITH_QUIET).over(DEFAULTS)).isNull();
        assertThat(WITH_QUIET.or(OFF).over(DEFAULTS)).isNotNull();
        assertThat(NONE.or(WITH_QUIET).over(DEFAULTS)).isNotNull();
        assertThat(ON.or(WITH_QUIET).over(DEFAULTS)).isEqualTo(new Coalesce(QUIET, DEFAULTS.atMost()));
        assertThat(Coalesce.Requested.of(null, OFF)).isEqualTo(OFF);
        assertThat(Coalesce.Requested.of(null, null)).isNull();
    }
}

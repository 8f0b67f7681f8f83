package org.dbtrelay.emulator;

import java.time.Instant;

/** Says whether a run belongs into a list, as it is at an instant. */
@FunctionalInterface
interface RunFilter {
    boolean test(Run run, Instant now);

    default RunFilter and(RunFilter other) {
        return (run, now) -> test(run, now) && other.test(run, now);
    }
}

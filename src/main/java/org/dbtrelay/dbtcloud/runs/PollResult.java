package org.dbtrelay.dbtcloud.runs;

import java.util.List;
import java.util.Optional;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.RunSnapshot;

/**
 * The result of one round of polling.
 *
 * @param seen the runs that answered
 * @param missing the asked ids for which dbt Cloud answered 404, each asked for by itself
 * @param failure what kept a part of the round from being answered; asked ids that are in neither list were not polled
 */
public record PollResult(List<RunSnapshot> seen, List<Long> missing, Optional<CallFailure> failure) {

    /** Copies the lists. */
    public PollResult {
        seen = List.copyOf(seen);
        missing = List.copyOf(missing);
    }
}

package org.dbtrelay.api;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.time.Instant;
import java.util.List;
import org.dbtrelay.metrics.Activity;

/**
 * What happened in the last hour, over HTTP.
 *
 * @param minutes oldest first, also those in which nothing happened
 * @param incomplete a line for each instance that did not answer; empty: nothing is missing
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record ActivityPage(List<ActivityMinute> minutes, List<String> incomplete) {

    /** A minute, as {@link Activity.Minute} has it. */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record ActivityMinute(
            Instant at, long starts, long ends, long failures, long endsTold, long delayTotalMs, long delayMaxMs) {

        static ActivityMinute of(Activity.Minute minute) {
            return new ActivityMinute(
                    minute.at(),
                    minute.starts(),
                    minute.ends(),
                    minute.failures(),
                    minute.endsTold(),
                    minute.delayTotalMs(),
                    minute.delayMaxMs());
        }

        Activity.Minute minute() {
            return new Activity.Minute(at, starts, ends, failures, endsTold, delayTotalMs, delayMaxMs);
        }
    }
}

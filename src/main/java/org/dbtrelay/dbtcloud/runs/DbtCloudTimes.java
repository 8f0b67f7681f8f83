package org.dbtrelay.dbtcloud.runs;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/** Reads the ways in which dbt Cloud writes times. */
final class DbtCloudTimes {

    /**
     * Between these two lies every time of a run. Others write year 1 or 1970 where there is none, and the length of time from there
     * to now is more than the metrics can hold.
     */
    private static final Instant EARLIEST = Instant.parse("2000-01-01T00:00:00Z");

    private static final Instant LATEST = Instant.parse("2200-01-01T00:00:00Z");

    private DbtCloudTimes() {}

    /**
     * Reads {@code 2021-12-07 10:32:24.326116+00:00} (runs), {@code 2024-05-27T10:42:10.111442+00:00} (jobs),
     * {@code 2024-03-25T13:47:20.129690Z} (jobs inside runs) and the same without or with up to nine digits of fraction.
     * dbt Cloud uses all of them side by side.
     *
     * @return null for null, and for what is no such time or none of these centuries: an odd time stamp is no reason to lose a run
     */
    static @Nullable Instant instant(@Nullable String text) {
        if (text == null || text.isBlank()) {
            return null;
        }
        String iso = text.strip().replace(' ', 'T');
        try {
            Instant time = DateTimeFormatter.ISO_OFFSET_DATE_TIME
                    .parse(iso, OffsetDateTime::from)
                    .toInstant();
            return time.isBefore(EARLIEST) || time.isAfter(LATEST) ? null : time;
        } catch (DateTimeException e) {
            return null;
        }
    }
}

package org.dbtrelay.dbtcloud;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the ways in which dbt Cloud writes times and durations. */
final class DbtCloudTimes {

    private static final Pattern DURATION = Pattern.compile("(\\d{1,9}):([0-5]?\\d):([0-5]?\\d)(?:\\.\\d*)?");

    private DbtCloudTimes() {}

    /**
     * Reads {@code 2021-12-07 10:32:24.326116+00:00} (runs), {@code 2024-05-27T10:42:10.111442+00:00} (jobs),
     * {@code 2024-03-25T13:47:20.129690Z} (jobs inside runs) and the same without or with up to nine digits of fraction.
     * dbt Cloud uses all of them side by side.
     *
     * @return null for null and for what is no such time: an odd time stamp is no reason to lose a run
     */
    static @Nullable Instant instant(@Nullable String text) {
        if (text == null || text.isBlank()) {
            return null;
        }
        String iso = text.strip().replaceFirst(" ", "T");
        try {
            return DateTimeFormatter.ISO_OFFSET_DATE_TIME
                    .parse(iso, OffsetDateTime::from)
                    .toInstant();
        } catch (DateTimeException e) {
            return null;
        }
    }

    /** Reads {@code HH:MM:SS}, where the hours pass 24 ({@code 24:00:36}); null for anything else. */
    static @Nullable Duration duration(@Nullable String text) {
        if (text == null) {
            return null;
        }
        Matcher parts = DURATION.matcher(text.strip());
        if (!parts.matches()) {
            return null;
        }
        return Duration.ofHours(Long.parseLong(parts.group(1)))
                .plusMinutes(Long.parseLong(parts.group(2)))
                .plusSeconds(Long.parseLong(parts.group(3)));
    }
}

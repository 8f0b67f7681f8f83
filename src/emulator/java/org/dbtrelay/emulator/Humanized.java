package org.dbtrelay.emulator;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Times and durations in the shapes that dbt Cloud's resources use: they differ by resource. */
final class Humanized {
    private static final DateTimeFormatter SECONDS =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter MICROS = DateTimeFormatter.ofPattern(
                    "uuuu-MM-dd'T'HH:mm:ss.SSSSSS", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private Humanized() {}

    /** Runs, triggers, steps and projects: {@code 2021-12-07 10:32:24.326116+00:00}. */
    static @Nullable String spaced(@Nullable Instant instant) {
        return instant == null ? null : base(instant).replace('T', ' ') + "+00:00";
    }

    /** Jobs, environments and accounts: {@code 2024-05-27T10:42:10.111442+00:00}. */
    static @Nullable String offset(@Nullable Instant instant) {
        return instant == null ? null : base(instant) + "+00:00";
    }

    /** A job inside a run: {@code 2024-03-25T13:47:20.129690Z}. */
    static @Nullable String zulu(@Nullable Instant instant) {
        return instant == null ? null : base(instant) + "Z";
    }

    /** A webhook's run times: {@code 2023-01-31T19:28:07Z}. */
    static @Nullable String wholeSeconds(@Nullable Instant instant) {
        return instant == null ? null : SECONDS.format(instant) + "Z";
    }

    /** Python leaves the fraction out when it is 0, and so did recordings. */
    private static String base(Instant instant) {
        return instant.truncatedTo(ChronoUnit.SECONDS).equals(instant.truncatedTo(ChronoUnit.MICROS))
                ? SECONDS.format(instant)
                : MICROS.format(instant);
    }

    /** {@code HH:MM:SS}; hours pass 24. */
    static String clock(Duration duration) {
        long seconds = duration.toSeconds();
        return "%s:%s:%s".formatted(two(seconds / 3600), two(seconds / 60 % 60), two(seconds % 60));
    }

    private static String two(long number) {
        return number < 10 ? "0" + number : Long.toString(number);
    }

    /** The two largest parts: {@code 1 minute, 14 seconds}; nothing is {@code 0 minutes}. */
    static String duration(Duration duration) {
        List<String> parts = new ArrayList<>();
        add(parts, duration.toDays(), "day");
        add(parts, duration.toHoursPart(), "hour");
        add(parts, duration.toMinutesPart(), "minute");
        add(parts, duration.toSecondsPart(), "second");
        return parts.isEmpty() ? "0 minutes" : String.join(", ", parts.subList(0, Math.min(2, parts.size())));
    }

    private static void add(List<String> parts, long count, String unit) {
        if (count > 0) {
            parts.add(count + " " + unit + (count == 1 ? "" : "s"));
        }
    }
}

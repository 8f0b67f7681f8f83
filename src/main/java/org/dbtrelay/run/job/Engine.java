package org.dbtrelay.run.job;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The engine that executes a run's dbt commands. dbt Cloud has no field for it; the relay derives it from the dbt version of a
 * run or of an environment, which is a number or the name of a release track.
 */
public enum Engine {
    /** dbt Core in Python: versions 0 and 1, and dbt Cloud's builds of it, which are numbered by their date. */
    CORE,
    /** The Fusion engine, which is dbt v2. */
    FUSION;

    /** The release tracks of dbt Core. */
    private static final Set<String> CORE_TRACKS =
            Set.of("versionless", "latest", "compatible", "extended", "fallback", "stable");

    private static final Pattern MAJOR = Pattern.compile("v?(\\d{1,6})([.+-].*)?");

    /** A major version from here on is a year: {@code 2025.9.30+21d3fd7}. */
    private static final int FIRST_YEAR = 2_000;

    private static final int FIRST_OF_FUSION = 2;

    /**
     * The engine of a dbt version.
     *
     * @param dbtVersion as dbt Cloud writes it, such as {@code 1.9.0-latest}, {@code versionless}, {@code latest-fusion},
     *     {@code 2.0.0-preview.94} or {@code 2025.9.30+21d3fd7}
     * @return null if the version is null, or is one that nobody has seen yet
     */
    public static @Nullable Engine of(@Nullable String dbtVersion) {
        if (dbtVersion == null) {
            return null;
        }
        String version = dbtVersion.strip().toLowerCase(Locale.ROOT);
        if (version.contains("fusion")) {
            return FUSION;
        }
        if (CORE_TRACKS.contains(version)) {
            return CORE;
        }
        Matcher matcher = MAJOR.matcher(version);
        if (!matcher.matches()) {
            return null;
        }
        int major = Integer.parseInt(matcher.group(1));
        return major >= FIRST_OF_FUSION && major < FIRST_YEAR ? FUSION : CORE;
    }

    /** As it stands in events. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}

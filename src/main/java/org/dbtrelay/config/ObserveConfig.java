package org.dbtrelay.config;

import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** {@code relay.connections.<name>.observe}: the runs that are told of though no command has started them. */
public interface ObserveConfig {
    /** The jobs whose runs are observed, by id, or {@code all}; absent: no run is. */
    Optional<List<String>> jobs();

    /** Only runs of these projects, by id; absent: of all. */
    Optional<Set<Long>> projects();

    /** Only runs of these environments, by id; absent: of all. */
    Optional<Set<Long>> environments();

    /** Only runs of jobs of these kinds, in dbt Cloud's words: {@code scheduled}, {@code ci}, {@code merge}, {@code other} …; absent: of all. */
    Optional<Set<String>> jobTypes();

    /** Only runs of jobs with such a name: {@code *} is any text, {@code ?} one character; absent: of all. */
    Optional<String> nameMatches();

    /** The artifacts that are announced when an observed run has ended; absent: none. */
    Optional<List<String>> artifacts();

    /** The interval between two listings of runs. */
    @WithDefault("10s")
    Duration interval();

    /** how far back the very first listing goes: {@code now}, or a duration. */
    @WithDefault("now")
    String since();

    /** The time for which an observed run is followed; dbt Cloud ends a run after a day. */
    @WithDefault("72h")
    Duration timeout();
}

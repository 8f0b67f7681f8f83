package org.dbtrelay.metrics;

import java.util.Locale;

/** The keys that log lines may carry: the only list of them. */
public enum LogKey {
    ACCOUNT_ID,
    ACTION,
    ATTEMPT,
    CALL,
    CATEGORY,
    COMMAND,
    COMMAND_ID,
    COUNT,
    CONNECTION,
    CONNECTION_ID,
    DETAIL,
    DURATION_MS,
    ENTRIES,
    FIELD,
    FROM_OFFSET,
    FROM_PARTITION,
    JOB_ID,
    KEY,
    LEVEL,
    OFFSET,
    OVERRIDES,
    PARTITION,
    PARTITIONS,
    PATH,
    REASON,
    RETRY_IN_MS,
    RUN_ID,
    STATE,
    TO_PARTITION,
    TOPIC;

    /** As it stands in the line. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}

package org.dbtrelay.config;

/** The kinds of stores for artifacts. */
public enum StoreKind {
    /** In dbt Cloud only. */
    NONE,
    /** In a directory. */
    FILE,
    /** In a bucket. */
    S3
}

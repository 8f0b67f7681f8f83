package org.dbtrelay.config;

/** Where artifacts are kept. */
public enum StoreKind {
    /** In dbt Cloud only. */
    NONE,
    /** In a directory. */
    FILE,
    /** In a bucket. */
    S3
}

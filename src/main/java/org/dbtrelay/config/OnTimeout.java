package org.dbtrelay.config;

/** The treatment of a run at its time-out. */
public enum OnTimeout {
    /** It is cancelled in dbt Cloud, and its end awaited. */
    CANCEL,
    /** It goes on in dbt Cloud, and the relay stops following it. */
    ABANDON
}

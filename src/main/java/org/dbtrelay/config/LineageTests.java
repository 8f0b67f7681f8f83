package org.dbtrelay.config;

/** How the tests of a dbt project are told in lineage. */
public enum LineageTests {
    /** One run for all tests of a model, with an assertion for each. */
    AGGREGATE,
    /** One run for each test. */
    EACH,
    /** Not at all. */
    NONE
}

package org.dbtrelay.run.job;

/** What came of looking a job up by its names: one match, or a reason for the producer of the command. */
public sealed interface JobLookup {

    /** Exactly one job has these names. */
    record Found(JobDetails job) implements JobLookup {}

    /**
     * No project, environment or job of the name.
     *
     * @param message names which of the three failed and names near to it
     */
    record None(String message) implements JobLookup {}

    /**
     * More than one match.
     *
     * @param message names which of the three is ambiguous and how many matched
     */
    record Several(String message) implements JobLookup {}
}

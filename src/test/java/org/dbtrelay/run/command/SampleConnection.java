package org.dbtrelay.run.command;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Builds permissions on a connection for tests. Unless something else is set, everything is allowed in account 1. */
public final class SampleConnection {

    private @Nullable Set<Long> jobs;
    private Set<Long> accounts = Set.of(1L);
    private boolean stepsOverride = true;
    private boolean schemaOverride = true;
    private @Nullable Set<String> runConfigFields;
    private @Nullable Integer maxInFlight;
    private @Nullable Integer maxInFlightPerJob;

    public SampleConnection jobs(Long... values) {
        jobs = Set.of(values);
        return this;
    }

    public SampleConnection accounts(Long... values) {
        accounts = Set.of(values);
        return this;
    }

    public SampleConnection withoutStepsOverride() {
        stepsOverride = false;
        return this;
    }

    public SampleConnection withoutSchemaOverride() {
        schemaOverride = false;
        return this;
    }

    public SampleConnection runConfigFields(String... values) {
        runConfigFields = Set.of(values);
        return this;
    }

    public SampleConnection maxInFlight(@Nullable Integer value) {
        maxInFlight = value;
        return this;
    }

    public SampleConnection maxInFlightPerJob(@Nullable Integer value) {
        maxInFlightPerJob = value;
        return this;
    }

    public Policy.ForConnection build() {
        return new Policy.ForConnection(
                1,
                jobs,
                accounts,
                stepsOverride,
                schemaOverride,
                runConfigFields,
                maxInFlight,
                maxInFlightPerJob,
                RequestedOptions.NONE);
    }
}

package org.dbtrelay.dbtcloud.budget;

import jakarta.inject.Singleton;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.dbtrelay.dbtcloud.budget.ManualSuspension.Switched;
import org.dbtrelay.run.job.JobOfConnection;

/**
 * The jobs that a person has suspended, as far as this instance knows: it starts no run of them. Their commands wait for their turn,
 * and hold neither a slot nor a permit; so the decision reads it, and a trigger that is on its way once more.
 */
@Singleton
public class JobSwitches {

    private volatile Map<JobOfConnection, Switched> all = Map.of();

    /** All that are held, and who holds them; the same object until one changes. */
    public Map<JobOfConnection, Switched> all() {
        return all;
    }

    /** From now on this instance starts no run of the job. */
    public synchronized void hold(JobOfConnection job, Switched by) {
        Map<JobOfConnection, Switched> changed = new HashMap<>(all);
        changed.put(job, by);
        all = Map.copyOf(changed);
    }

    /** Ends it; false if it was not held. */
    public synchronized boolean release(JobOfConnection job) {
        Map<JobOfConnection, Switched> changed = new HashMap<>(all);
        boolean held = changed.remove(job) != null;
        all = Map.copyOf(changed);
        return held;
    }

    /** The same condition, and that the job is not held at the very moment. */
    public BooleanSupplier guard(JobOfConnection job, BooleanSupplier stillAllowed) {
        return () -> !all.containsKey(job) && stillAllowed.getAsBoolean();
    }
}

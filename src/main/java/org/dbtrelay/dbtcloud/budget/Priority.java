package org.dbtrelay.dbtcloud.budget;

/**
 * The purpose of a request, the most urgent first: {@link RequestBudget} serves them in this order. Each kind may take only so
 * many of the request slots that something more urgent finds one free.
 */
public enum Priority {
    /** Cancel a run. */
    CANCEL(1.0),
    /** Start a run that had its turn already and only needed another check of the runs in flight. */
    TRIGGER_AFTER_CHECK(0.94),
    /** Start a run. */
    TRIGGER(0.94),
    /** Find a run by its marker, a job by its names, read a job. */
    LOOK_UP(0.875),
    /** The last poll of a run. */
    FINAL_READ(0.875),
    /** A poll of runs in flight. */
    POLL(0.75),
    /** The list of the runs that others have started: what commands ask for goes before. */
    OBSERVE(0.625),
    /** A read for a person or a program: what commands ask for goes before. */
    READ(0.625),
    /** Lists and bodies of artifacts: long, and in no hurry. */
    ARTIFACT(0.5),
    /** The search for second runs and the lists of names, which nobody waits for. */
    SWEEP(0.5),
    /** An artifact for a person or a program, who may read it slowly: it must not take the places of those that commands want. */
    DOWNLOAD(0.25);

    private final double slotShare;

    Priority(double slotShare) {
        this.slotShare = slotShare;
    }

    /** Whether the outcome of a command may wait for it, or what it has asked for. */
    boolean isForCommands() {
        return switch (this) {
            case CANCEL, TRIGGER_AFTER_CHECK, TRIGGER, LOOK_UP, FINAL_READ, POLL, ARTIFACT -> true;
            case OBSERVE, READ, SWEEP, DOWNLOAD -> false;
        };
    }

    /** How many of {@code slots} may be taken when a request of this kind is let through; at least one. */
    int slotsOf(int slots) {
        return Math.max(1, (int) Math.floor(slots * slotShare));
    }
}

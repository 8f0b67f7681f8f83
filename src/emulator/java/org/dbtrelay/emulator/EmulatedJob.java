package org.dbtrelay.emulator;

import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * A job definition with the plan that its runs follow.
 *
 * @param id 0 until the world has given one
 * @param state 1 active, 2 deleted
 * @param type dbt Cloud's word for its kind; a job of some kinds cannot be triggered
 * @param timeoutSeconds {@code execution.timeout_seconds}; 0 for none
 * @param plans the first is for the job's first run, and so on; the last repeats
 */
public record EmulatedJob(
        long id,
        long accountId,
        long projectId,
        long environmentId,
        String name,
        String description,
        List<String> executeSteps,
        boolean generateDocs,
        boolean runGenerateSources,
        boolean deactivated,
        int state,
        String type,
        int timeoutSeconds,
        List<RunPlan> plans) {

    /** Types of jobs that start by themselves or from outside. */
    private static final Set<String> NOT_TRIGGERABLE = Set.of("hybrid", "adaptive", "exposure_sync");

    /** Types of jobs that belong to dbt Cloud itself. */
    private static final Set<String> SYSTEM = Set.of("adaptive", "exposure_sync");

    public EmulatedJob {
        executeSteps = List.copyOf(executeSteps);
        plans = List.copyOf(plans);
        if (plans.isEmpty()) {
            throw new IllegalArgumentException("A job needs a plan");
        }
    }

    /** An active job that runs {@code dbt build} and succeeds. */
    public static EmulatedJob named(String name) {
        return new EmulatedJob(
                0,
                0,
                0,
                0,
                name,
                "",
                List.of("dbt build"),
                false,
                false,
                false,
                1,
                "other",
                0,
                List.of(RunPlan.succeeding()));
    }

    /** With that id. */
    public EmulatedJob id(long value) {
        return at(value, accountId, projectId, environmentId);
    }

    /** With that description, which the emulator's main prints as what the job does. */
    public EmulatedJob description(String value) {
        return with(value, executeSteps, generateDocs, runGenerateSources, deactivated, state, timeoutSeconds, plans);
    }

    /** With these dbt commands. */
    public EmulatedJob steps(String... commands) {
        return with(
                description,
                List.of(commands),
                generateDocs,
                runGenerateSources,
                deactivated,
                state,
                timeoutSeconds,
                plans);
    }

    /** With a docs step at the end of each run. */
    public EmulatedJob withDocs() {
        return with(description, executeSteps, true, runGenerateSources, deactivated, state, timeoutSeconds, plans);
    }

    /** With a source freshness step before the job's own. */
    public EmulatedJob withSourceFreshness() {
        return with(description, executeSteps, generateDocs, true, deactivated, state, timeoutSeconds, plans);
    }

    /** Deactivated, as dbt Cloud does after 100 failures in a row, or no longer. */
    public EmulatedJob deactivated(boolean value) {
        return with(description, executeSteps, generateDocs, runGenerateSources, value, state, timeoutSeconds, plans);
    }

    /** State 2: no longer in lists unless {@code state} asks for it. */
    public EmulatedJob deleted() {
        return with(description, executeSteps, generateDocs, runGenerateSources, deactivated, 2, timeoutSeconds, plans);
    }

    /** Of that type, in dbt Cloud's words: {@code ci}, {@code scheduled}, {@code other}, {@code hybrid} … */
    public EmulatedJob type(String value) {
        return new EmulatedJob(
                id,
                accountId,
                projectId,
                environmentId,
                name,
                description,
                executeSteps,
                generateDocs,
                runGenerateSources,
                deactivated,
                state,
                value,
                timeoutSeconds,
                plans);
    }

    /** Whether a trigger of it is taken. */
    boolean isTriggerable() {
        return !NOT_TRIGGERABLE.contains(type);
    }

    /** Whether it belongs to dbt Cloud itself, whose lists show it only if they are asked to. */
    boolean isSystem() {
        return SYSTEM.contains(type);
    }

    /** With {@code execution.timeout_seconds}; zero for none. */
    public EmulatedJob timeout(Duration value) {
        int seconds = Math.toIntExact(value.toSeconds());
        return with(description, executeSteps, generateDocs, runGenerateSources, deactivated, state, seconds, plans);
    }

    /** With plans for its runs: the first for the first run, and so on, the last for all others. */
    public EmulatedJob plan(RunPlan... value) {
        return with(
                description,
                executeSteps,
                generateDocs,
                runGenerateSources,
                deactivated,
                state,
                timeoutSeconds,
                List.of(value));
    }

    /**
     * With so many runs that fail before one succeeds, whether each is triggered anew or resumes the one before.
     *
     * @param failing the plan of those that fail
     * @param then the plan of all others
     */
    public EmulatedJob failingFirst(int times, RunPlan failing, RunPlan then) {
        RunPlan[] all = new RunPlan[times + 1];
        for (int i = 0; i < times; i++) {
            all[i] = failing.failsAgain(times - 1 - i);
        }
        all[times] = then;
        return plan(all);
    }

    /** The plan of the run number {@code index}, counted from 0. */
    RunPlan planOf(int index) {
        return plans.get(Math.min(index, plans.size() - 1));
    }

    EmulatedJob at(long newId, long account, long project, long environment) {
        return new EmulatedJob(
                newId,
                account,
                project,
                environment,
                name,
                description,
                executeSteps,
                generateDocs,
                runGenerateSources,
                deactivated,
                state,
                type,
                timeoutSeconds,
                plans);
    }

    private EmulatedJob with(
            String newDescription,
            List<String> newSteps,
            boolean docs,
            boolean sources,
            boolean off,
            int newState,
            int timeout,
            List<RunPlan> newPlans) {
        return new EmulatedJob(
                id,
                accountId,
                projectId,
                environmentId,
                name,
                newDescription,
                newSteps,
                docs,
                sources,
                off,
                newState,
                type,
                timeout,
                newPlans);
    }
}

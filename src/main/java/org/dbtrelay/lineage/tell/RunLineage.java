package org.dbtrelay.lineage.tell;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.UUID;
import org.dbtrelay.lineage.event.Facets;
import org.dbtrelay.lineage.event.JobName;
import org.dbtrelay.lineage.event.LineageEvent;
import org.dbtrelay.lineage.event.RunIds;
import org.dbtrelay.lineage.event.RunRef;
import org.dbtrelay.lineage.event.Transition;
import org.jspecify.annotations.Nullable;

/** The events of a run of dbt Cloud itself, and what its parts refer to. */
public final class RunLineage {

    private final ToldRun run;
    private final Surroundings around;
    private final Facets facets;
    private final RunIds ids;
    private final JobNames names;

    /** The lineage of a run as an event tells of it. */
    public RunLineage(ToldRun run, Surroundings around) {
        this.run = run;
        this.around = around;
        this.facets = around.facets();
        this.ids = new RunIds(around.host(), run.accountId(), run.runId());
        this.names = new JobNames(around.namespace(), run.jobId());
    }

    /** It runs. */
    public LineageEvent start() {
        return described(event(Transition.START, run.begun()));
    }

    /** It has ended. */
    public LineageEvent end() {
        LineageEvent event = described(event(transition(run.status()), run.ended()));
        if (run.error() != null && !run.status().equals("success")) {
            event.run("errorMessage", facets.errorMessage(run.error()));
        }
        return event;
    }

    ToldRun run() {
        return run;
    }

    Surroundings around() {
        return around;
    }

    RunIds ids() {
        return ids;
    }

    JobNames names() {
        return names;
    }

    RunRef self() {
        return new RunRef(ids.ofRun(), names.ofRun());
    }

    /** The outermost run: the caller's if there is one. */
    RunRef root() {
        return run.caller() == null ? self() : run.caller().root();
    }

    /** An event of a part of the run. */
    LineageEvent event(Transition transition, Instant time, UUID id, JobName job, RunRef parent) {
        return new LineageEvent(transition, time, id, job, root().job(), facets.producer())
                .run("parent", facets.parent(parent, root()));
    }

    /** What a status of dbt Cloud's, in a word, is in lineage. */
    static Transition transition(String status) {
        return switch (status) {
            case "success" -> Transition.COMPLETE;
            case "error" -> Transition.FAIL;
            default -> Transition.ABORT;
        };
    }

    private LineageEvent event(Transition transition, Instant time) {
        LineageEvent event =
                new LineageEvent(transition, time, ids.ofRun(), names.ofRun(), root().job(), facets.producer());
        @Nullable Caller caller = run.caller();
        return caller == null ? event : event.run("parent", facets.parent(caller.parent(), caller.root()));
    }

    private LineageEvent described(LineageEvent event) {
        if (run.createdAt() != null) {
            event.run("nominalTime", facets.nominalTime(run.createdAt(), null));
        }
        event.run("externalQuery", facets.externalQuery(Long.toString(run.runId()), "https://" + around.host()));
        processingEngine(event, run.dbtVersion());
        event.run("dbt_run", dbtRun());
        if (!run.tags().isEmpty()) {
            event.run("tags", facets.tags(run.tags()));
        }
        event.job("jobType", facets.jobType("JOB"));
        if (run.jobName() != null) {
            event.job("documentation", facets.jobDocumentation(run.jobName()));
        }
        source(event, null);
        return event;
    }

    void processingEngine(LineageEvent event, @Nullable String version) {
        // One name for both engines, as OpenLineage's own integration has it: to some servers the name is a part of the
        // job's.
        event.run(
                "processing_engine",
                facets.processingEngine("dbt", version == null ? "unknown" : version, around.relayVersion()));
    }

    /** Where its source is, if dbt Cloud has told the repository. */
    void source(LineageEvent event, @Nullable String path) {
        if (around.repository() != null) {
            event.job(
                    "sourceCodeLocation",
                    facets.sourceCodeLocation(around.repository(), path, run.gitSha(), run.gitBranch()));
        }
    }

    ObjectNode dbtRun() {
        ObjectNode facet = facets.dbtRun()
                .put("dbt_runtime", "cloud")
                .put("account_id", Long.toString(run.accountId()))
                .put("job_id", Long.toString(run.jobId()))
                .put("run_id", Long.toString(run.runId()))
                .put("command_id", run.commandId());
        put(facet, "project_id", run.projectId());
        put(facet, "environment_id", run.environmentId());
        if (run.url() != null) {
            facet.put("run_url", run.url());
        }
        if (run.engine() != null) {
            facet.put("engine", run.engine());
        }
        return facet;
    }

    private static void put(ObjectNode facet, String field, @Nullable Long id) {
        if (id != null) {
            facet.put(field, id.toString());
        }
    }
}

package org.dbtrelay.lineage.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.dbtrelay.lineage.tell.Step;
import org.dbtrelay.lineage.tell.ToldRun;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunStep;
import org.junit.jupiter.api.Test;

class StepsTest {

    private static ToldRun run(String version) throws Exception {
        return ToldRun.read("""
            {"type": "run.succeeded", "command_id": "c", "connection": "default", "account_id": 1, "job_id": 2, "run_id": 3,
             "status": "success", "dbt_version": "%s", "started_at": "2026-11-29T12:00:00Z", "finished_at": "2026-11-29T12:10:00Z",
             "observed_at": "2026-11-29T12:10:01Z"}""".formatted(version).getBytes(StandardCharsets.UTF_8), false)
                .orElseThrow();
    }

    private static RunStep step(int index, String name, JobRunStatus status, String command, int minute) {
        return new RunStep(
                index,
                name,
                status,
                true,
                command,
                "",
                Instant.parse("2026-11-29T12:0%d:00Z".formatted(minute)),
                List.of());
    }

    private static final List<RunStep> STEPS = List.of(
            step(1, "Clone git repository", JobRunStatus.Known.SUCCESS, null, 0),
            step(2, "Invoke dbt with `dbt deps`", JobRunStatus.Known.SUCCESS, "dbt deps", 1),
            step(3, "Invoke dbt with `dbt build`", JobRunStatus.Known.SUCCESS, null, 2),
            step(4, "Invoke dbt with `dbt docs generate`", JobRunStatus.Known.SUCCESS, "dbt docs generate", 5));

    @Test
    void areThoseThatRanACommandOfDbt() throws Exception {
        assertThat(Steps.of(run("1.11.2"), STEPS))
                .extracting(Step::command, Step::builds)
                .containsExactly(tuple("dbt deps", false), tuple("dbt build", true), tuple("dbt docs generate", false));
    }

    @Test
    void endWhenTheNextOneBegins() throws Exception {
        assertThat(Steps.of(run("1.11.2"), STEPS))
                .extracting(step -> step.ended().toString())
                .containsExactly("2026-11-29T12:02:00Z", "2026-11-29T12:05:00Z", "2026-11-29T12:10:00Z");
    }

    /** dbt v1 writes the catalog in the docs step, dbt v2 in each step that builds. */
    @Test
    void knowWhoseCatalogTellsOfThem() throws Exception {
        assertThat(Steps.of(run("1.11.2"), STEPS).get(1).catalogStep()).isEqualTo(4);
        assertThat(Steps.of(run("2.0.5"), STEPS).get(1).catalogStep()).isEqualTo(3);
        assertThat(Steps.of(run("1.11.2"), STEPS.subList(0, 3)).get(1).catalogStep())
                .isZero();
    }

    /** Its columns and sizes are those of the tables before. */
    @Test
    void takeNoCatalogOfAStepBefore() throws Exception {
        List<RunStep> docsFirst = List.of(
                step(4, "Invoke dbt with `dbt docs generate`", JobRunStatus.Known.SUCCESS, "dbt docs generate", 2),
                step(5, "Invoke dbt with `dbt build`", JobRunStatus.Known.SUCCESS, "dbt build", 3));

        assertThat(Steps.of(run("1.11.2"), docsFirst).get(1).catalogStep()).isZero();
    }

    @Test
    void doNotEndBeforeTheyBegin() throws Exception {
        List<RunStep> back = List.of(
                step(4, "Invoke dbt with `dbt seed`", JobRunStatus.Known.SUCCESS, "dbt seed", 5),
                step(5, "Invoke dbt with `dbt build`", JobRunStatus.Known.SUCCESS, "dbt build", 2));

        assertThat(Steps.of(run("1.11.2"), back)).allMatch(step -> !step.ended().isBefore(step.begun()));
    }

    @Test
    void leaveOutThoseThatNeverBegan() throws Exception {
        RunStep never =
                new RunStep(5, "Invoke dbt with `dbt test`", JobRunStatus.Known.CANCELLED, false, "dbt test", "");

        assertThat(Steps.of(run("1.11.2"), List.of(never))).isEmpty();
    }
}

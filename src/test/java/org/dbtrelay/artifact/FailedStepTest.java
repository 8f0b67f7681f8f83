package org.dbtrelay.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.artifact.Runs.named;
import static org.dbtrelay.artifact.Runs.step;
import static org.dbtrelay.run.job.JobRunStatus.Known.CANCELLED;
import static org.dbtrelay.run.job.JobRunStatus.Known.ERROR;
import static org.dbtrelay.run.job.JobRunStatus.Known.RUNNING;
import static org.dbtrelay.run.job.JobRunStatus.Known.SUCCESS;

import java.util.List;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunStep;
import org.junit.jupiter.api.Test;

/** Which step explains a failure. */
class FailedStepTest {

    private static RunStep of(JobRunStatus.Known run, RunStep... steps) {
        return FailedStep.of(Runs.ended(run), List.of(steps));
    }

    @Test
    void docsAndFreshnessDoNotExplainWhatABuildExplains() {
        RunStep build = step(5, "dbt build", ERROR);
        assertThat(of(
                        ERROR,
                        step(4, "dbt source freshness", ERROR),
                        build,
                        step(6, "dbt run", SUCCESS),
                        step(7, "dbt docs generate", ERROR)))
                .isEqualTo(build);
    }

    @Test
    void theLastOfSeveralBuilds() {
        RunStep last = step(6, "dbt --warn-error test --select a", ERROR);
        assertThat(of(ERROR, step(4, "dbt build", ERROR), last, step(5, "dbt run", ERROR)))
                .isEqualTo(last);
    }

    @Test
    void anyOtherStepExplainsMoreThanDocs() {
        RunStep clone = named(1, "Clone git repository", ERROR);
        assertThat(of(ERROR, clone, step(2, "dbt docs generate", ERROR))).isEqualTo(clone);
        RunStep operation = step(3, "dbt run-operation grant", ERROR);
        assertThat(of(ERROR, operation, step(4, "dbt docs generate", ERROR))).isEqualTo(operation);
    }

    @Test
    void docsExplainIfNothingElseDoes() {
        RunStep docs = step(4, "dbt docs generate", ERROR);
        assertThat(of(ERROR, step(3, "dbt build", SUCCESS), docs)).isEqualTo(docs);
    }

    @Test
    void theNameHoldsTheCommandWhereThereIsNone() {
        RunStep build = named(4, "Invoke dbt with `dbt build`", ERROR);
        assertThat(of(ERROR, build, named(5, "Invoke dbt with `dbt docs generate`", ERROR)))
                .isEqualTo(build);
        assertThat(FailedStep.hasRunResults(build)).isTrue();
        assertThat(FailedStep.hasRunResults(named(1, "Clone git repository", ERROR)))
                .isFalse();
    }

    @Test
    void ofACancelledRunTheStepThatWasCut() {
        RunStep cut = step(4, "dbt build", CANCELLED);
        assertThat(of(CANCELLED, step(3, "dbt deps", SUCCESS), cut, step(5, "dbt test", CANCELLED)))
                .isEqualTo(cut);
        assertThat(of(ERROR, step(4, "dbt build", CANCELLED))).isNull();
    }

    /** As after a run was killed for memory: dbt Cloud's step still runs. */
    @Test
    void ofAFailedRunTheStepThatIsStillCalledRunning() {
        RunStep running = step(4, "dbt build", RUNNING);
        assertThat(of(ERROR, step(3, "dbt deps", SUCCESS), running)).isEqualTo(running);
        RunStep failed = step(5, "dbt test", ERROR);
        assertThat(of(ERROR, running, failed)).isEqualTo(failed);
    }

    @Test
    void noneIfNoneFailed() {
        assertThat(of(ERROR)).isNull();
        assertThat(of(ERROR, step(4, "dbt build", SUCCESS))).isNull();
    }
}

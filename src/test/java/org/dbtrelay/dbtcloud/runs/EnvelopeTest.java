package org.dbtrelay.dbtcloud.runs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.dbtrelay.dbtcloud.http.Envelope;
import org.dbtrelay.dbtcloud.http.Envelope.UnreadableAnswer;
import org.dbtrelay.dbtcloud.resources.JobJson;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunDetails;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.RunStep;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EnvelopeTest {

    private static InputStream body(String json) {
        return new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8));
    }

    private static RunSnapshot run(String data) throws IOException {
        return RunCalls.readRun(body("{\"status\":{\"code\":200},\"data\":" + data + "}"), 7, null);
    }

    @Test
    void readsARunWithIdsOf64BitsAndUnknownFields() throws IOException {
        RunSnapshot run = run("""
                {"id": 70403110257794, "account_id": 4238, "project_id": 70403103916000, "environment_id": 46412,
                 "job_definition_id": 70403103999999, "job_id": 70403103999999, "status": 3, "status_message": null,
                 "created_at": "2026-11-22 10:00:00.000001+00:00", "dequeued_at": "2026-11-22T10:00:01+00:00",
                 "started_at": "2026-11-22T10:00:02Z", "finished_at": null, "artifacts_saved": false,
                 "trigger": {"id": 1, "cause": "because", "cause_category": "api"},
                 "job": {"id": 70403103999999, "name": "daily", "execution": {"timeout_seconds": 0}},
                 "href": "https://ab123.us1.dbt.com/deploy/4238/", "retrying_run_id": 70403110257000,
                 "blocked_by": [], "run_steps": [], "is_running": null, "brand_new": {"deep": [1]}}""");

        assertThat(run)
                .isEqualTo(new RunSnapshot(
                        70403110257794L,
                        4238,
                        70403103916000L,
                        46412L,
                        70403103999999L,
                        "daily",
                        JobRunStatus.Known.RUNNING,
                        null,
                        "https://ab123.us1.dbt.com/deploy/4238/",
                        Instant.parse("2026-11-22T10:00:00.000001Z"),
                        Instant.parse("2026-11-22T10:00:02Z"),
                        null,
                        false,
                        "because",
                        70403110257000L,
                        new RunDetails(null, null, null, List.of(), null, null, "api", null, null)));
    }

    @Test
    void everythingButIdAndJobMayBeMissingOrNull() throws IOException {
        RunSnapshot bare = run("{\"id\": 1, \"job_id\": 2}");
        RunSnapshot nulls = run("""
                {"id": 1, "job_definition_id": null, "job_id": null, "job": {"id": 2}, "status": null, "trigger": null,
                 "created_at": null, "artifacts_saved": null, "run_steps": null, "account_id": null}""");

        assertThat(bare).isEqualTo(nulls);
        assertThat(bare.accountId()).isEqualTo(7);
        assertThat(bare.status()).isEqualTo(new JobRunStatus.Unknown(0));
        assertThat(bare.artifactsSaved()).isFalse();
    }

    @Test
    void aStatusThatNobodyKnowsIsKept() throws IOException {
        assertThat(run("{\"id\": 1, \"job_id\": 2, \"status\": 47}").status()).isEqualTo(new JobRunStatus.Unknown(47));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "   ",
                "<html>oops</html>",
                "null",
                "[]",
                "\"text\"",
                "{}",
                "{\"data\": null}",
                "{\"data\": \"text\"}",
                "{\"data\": []}",
                "{\"data\": {}}",
                "{\"data\": {\"id\": null, \"job_id\": 1}}",
                "{\"data\": {\"id\": 1}}",
                "{\"data\": {\"id\": {}, \"job_id\": 1}}",
                "{\"data\": {\"id\": 1, \"job_id\": 1}",
                "{\"data\": {\"id\": 1, \"job_id\": 1}} <html>",
            })
    void whatIsNoRunIsUnreadable(String answer) {
        assertThatThrownBy(() -> RunCalls.readRun(body(answer), 7, null)).isInstanceOf(UnreadableAnswer.class);
    }

    @Test
    void readsWhatEventsTellBesides() throws IOException {
        String row = """
                {"id": 1, "job_id": 2, "status": %d, "git_branch": "main", "git_sha": "3fca0a5b", "dbt_version": "latest",
                 "blocked_by": [70403110257798, 70403110257799], "can_retry": true,
                 "trigger": {"cause": "x", "cause_category": "ci", "github_pull_request_id": null,
                   "gitlab_merge_request_id": 17, "azure_pull_request_id": null, "non_native_pull_request_id": null},
                 "job": {"id": 2, "job_type": "merge"},
                 "audit": {"trigger": {"actor": {"id": "5", "type": "user", "name": "A. Person"}}, "cancellation": null}}""";

        assertThat(run(row.formatted(1)).details())
                .isEqualTo(new RunDetails(
                        "main",
                        "3fca0a5b",
                        "latest",
                        List.of(70403110257798L, 70403110257799L),
                        null,
                        "merge",
                        "ci",
                        "A. Person",
                        17L));
        assertThat(run(row.formatted(20)).details().canRetry()).isTrue();
        assertThat(run(row.formatted(20)).details().blockedBy()).isEmpty();
    }

    /** They stay in memory and in the ledger as long as the run is in flight, ten thousand times perhaps. */
    @Test
    void whatEventsTellBesidesIsBounded() throws IOException {
        String long1 = "x".repeat(10_000);
        String ahead = "1,".repeat(1_000) + "1";
        RunDetails details = run("{\"id\": 1, \"job_id\": 2, \"status\": 1, \"git_branch\": \"\\u001b[31m" + long1
                        + "\", \"blocked_by\": [" + ahead + "]}")
                .details();

        assertThat(details.gitBranch()).hasSizeLessThanOrEqualTo(255).startsWith("x");
        assertThat(details.blockedBy()).hasSize(20);
    }

    @Test
    void aLaterAnswerThatTellsLessTakesNothingAway() throws IOException {
        RunSnapshot first = run("{\"id\": 1, \"job_id\": 2, \"status\": 1, \"blocked_by\": [5],"
                + "\"trigger\": {\"cause_category\": \"api\"}, \"job\": {\"job_type\": \"other\"}}");
        RunSnapshot later = run("{\"id\": 1, \"job_id\": 2, \"status\": 3, \"git_branch\": \"main\"}");

        assertThat(later.after(first).details())
                .isEqualTo(new RunDetails("main", null, null, List.of(), null, "other", "api", null, null));
        assertThat(later.after(first).status()).isEqualTo(JobRunStatus.Known.RUNNING);
    }

    /** One field that nobody asked for must not hide a run: a search or {@code if_running} would not get past it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"status_message\": {\"text\": \"x\"}",
                "\"job\": []",
                "\"job\": \"daily\"",
                "\"job\": {\"name\": []}",
                "\"trigger\": [], \"created_at\": 5, \"href\": {}",
                "\"account_id\": {}, \"project_id\": \"x\", \"environment_id\": 1.5",
                "\"created_at\": \"tomorrow\", \"started_at\": [], \"finished_at\": true, \"dequeued_at\": 1e400",
                "\"artifacts_saved\": \"yes\", \"can_retry\": [], \"retry_not_supported_reason\": 5",
                "\"retrying_run_id\": \"none\"",
                "\"run_steps\": {\"index\": 1}",
                "\"git_branch\": 5, \"git_sha\": {}, \"dbt_version\": [], \"blocked_by\": 7, \"audit\": \"x\"",
                "\"blocked_by\": [\"x\", null, 1.5, -1], \"audit\": {\"trigger\": {\"actor\": []}}",
                "\"job\": {\"job_type\": 5}, \"audit\": {\"trigger\": {\"actor\": {\"name\": 5}}}",
                "\"run_steps\": [5, [], \"x\", {\"index\": \"x\"}]"
            })
    void anOddValueThatNothingRestsOnIsAbsent(String odd) throws IOException {
        String json = "{\"id\": 1, \"job_id\": 2, \"status\": 3, " + odd + "}";

        assertThat(run(json)).isEqualTo(run("{\"id\": 1, \"job_id\": 2, \"status\": 3}"));
        RunJson read = RunJson.of(Envelope.JSON.readTree(json));
        assertThat(read.toSteps()).isEmpty();
        assertThat(read.canRetry()).isFalse();
        assertThat(read.retryNotSupportedReason()).isNull();
    }

    @Test
    void oddValuesOfAStepAreAbsentToo() throws IOException {
        RunJson read = RunJson.of(Envelope.JSON.readTree("""
                {"id": 1, "job_id": 2, "run_steps": [
                  {"index": 1, "status": {}, "name": 5, "logs": {}, "started_at": [], "run_step_command": "dbt build"}]}"""));

        assertThat(read.toSteps()).containsExactly(new RunStep(1, "", new JobRunStatus.Unknown(0), false, null, ""));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"id\": 1.5, \"job_id\": 2}",
                "{\"id\": 1, \"job_id\": \"x\"}",
                "{\"id\": 1, \"job_id\": 2, \"job_definition_id\": []}",
                "{\"id\": 1, \"job\": {\"id\": {}}}",
                "{\"id\": 1, \"job_id\": 2, \"status\": \"Running\"}",
                "{\"id\": 1, \"job_id\": 2, \"status\": {}}",
                "{\"id\": 99999999999999999999, \"job_id\": 2}"
            })
    void whatDecisionsRestOnHasToBeRight(String row) {
        assertThatThrownBy(() -> run(row)).isInstanceOf(UnreadableAnswer.class);
    }

    /** A trigger that is told and has no cause is a schedule's or a person's; one that is not told may be anybody's. */
    @Test
    void aTriggerWithoutCauseIsNotOneThatIsNotTold() throws IOException {
        assertThat(run("{\"id\": 1, \"job_id\": 2, \"trigger\": {}}").triggerCause())
                .isEmpty();
        assertThat(run("{\"id\": 1, \"job_id\": 2, \"trigger\": {\"cause\": null}}")
                        .triggerCause())
                .isEmpty();
        assertThat(run("{\"id\": 1, \"job_id\": 2, \"trigger\": {\"cause\": [1]}}")
                        .triggerCause())
                .isEmpty();
        assertThat(run("{\"id\": 1, \"job_id\": 2, \"trigger\": null}").triggerCause())
                .isNull();
        assertThat(run("{\"id\": 1, \"job_id\": 2}").triggerCause()).isNull();
    }

    @Test
    void noTextOfARunHasTerminalControlAndNoneIsLong() throws IOException {
        String colour = "\\u001b[31m";
        RunSnapshot run = run("{\"id\": 1, \"job_id\": 2, \"status_message\": \"" + colour + "password=hunter2"
                + "x".repeat(100_000) + " y\", \"job\": {\"name\": \"" + colour + "daily\"}}");

        assertThat(run.statusMessage()).startsWith("password=***").hasSizeLessThanOrEqualTo(1_000);
        assertThat(run.jobName()).isEqualTo("daily");
        assertThat(run("{\"id\": 1, \"job_id\": 2, \"status_message\": \"" + "x ".repeat(50_000) + "\"}")
                        .statusMessage())
                .hasSize(1_000);
    }

    @Test
    void aTriggersAnswerNeedsNothingButTheId() throws IOException {
        assertThat(RunCalls.readRun(body("{\"data\": {\"id\": 1}}"), 7, 9L).jobId())
                .isEqualTo(9);
    }

    @Test
    void readsSteps() throws IOException {
        RunJson run = RunJson.of(Envelope.read(body("""
                        {"data": {"id": 1, "job_id": 2, "run_steps": [
                          {"index": 2, "name": "Invoke dbt with `dbt build`", "status": 20, "logs": "a\\nb",
                           "run_step_command": {"run_step_id": 5, "dbt_command": "dbt build"}},
                          {"index": 1, "name": null, "status": null, "logs": null, "run_step_command": null},
                          null,
                          {"name": "without index"}]}}""")).data());

        assertThat(run.toSteps())
                .isEqualTo(List.of(
                        new RunStep(1, "", new JobRunStatus.Unknown(0), false, null, ""),
                        new RunStep(
                                2,
                                "Invoke dbt with `dbt build`",
                                JobRunStatus.Known.ERROR,
                                true,
                                "dbt build",
                                "a\nb")));
    }

    @Test
    void readsAJob() throws IOException {
        var job = JobJson.of(Envelope.read(body("""
                        {"data": {"id": 70403103999999, "project_id": 2, "environment_id": 3, "name": "daily",
                          "deactivated": true, "triggers": {}}}""")).data()).toDetails(7);

        assertThat(job)
                .isEqualTo(new org.dbtrelay.run.job.JobDetails(70403103999999L, 7, 2, 3, "daily", true, false, null));
    }
}

package org.dbtrelay.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.dbtrelay.run.command.Coalesce;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.OnFailure;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.RequestedOptions;
import org.dbtrelay.run.command.RunSelector;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.job.JobNames;
import org.dbtrelay.run.job.JobRunStatus.Known;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What each verb may say, and what the message is if it says something else. */
class VerbsTest {

    private final CommandDecoder decoder = new CommandDecoder(20_000);

    static Stream<Arguments> tasks() {
        return Stream.of(
                arguments("{'command': 'retry', 'run_id': 99}", new Task.Retry(new RunSelector.ById(99))),
                arguments(
                        "{'command': 'retry', 'target_command_id': 'orders'}",
                        new Task.Retry(new RunSelector.OfCommand("orders"))),
                arguments("{'command': 'retry', 'job_id': 7}", new Task.Rerun(new JobSelector.ById(7))),
                arguments(
                        "{'command': 'retry', 'project_name': 'p', 'environment_name': 'e', 'job_name': 'j'}",
                        new Task.Rerun(new JobSelector.ByNames(new JobNames("p", "e", "j")))),
                arguments("{'command': 'cancel', 'run_id': 99}", new Task.Cancel(new RunSelector.ById(99))),
                arguments(
                        "{'command': 'cancel', 'target_command_id': 'orders', 'run_id': null, 'cause': null}",
                        new Task.Cancel(new RunSelector.OfCommand("orders"))),
                arguments("{'command': 'follow', 'run_id': 99}", new Task.Follow(99, Set.of())),
                arguments(
                        "{'command': 'follow', 'run_id': 99, 'expected_statuses': ['queued', 'starting', 'running']}",
                        new Task.Follow(99, Set.of(Known.QUEUED, Known.STARTING, Known.RUNNING))),
                arguments(
                        "{'command': 'follow', 'run_id': 99, 'expected_statuses': ['success', 10, 20, 30]}",
                        new Task.Follow(99, Set.of(Known.SUCCESS, Known.ERROR, Known.CANCELLED))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("tasks")
    void eachVerbHasItsTask(String json, Task task) {
        Command.Fit command = fit(json);

        assertThat(command.task()).isEqualTo(task);
        assertThat(command.requested()).isEqualTo(RequestedOptions.NONE);
        assertThat(json).startsWith("{'command': '" + command.verb() + "'");
    }

    @Test
    void aTriggerCanResumeExpireAndRunDry() {
        Command.Fit command = fit("{'command': 'trigger', 'job_id': 7, 'retry_from_failure': true, 'dry_run': true,"
                + " 'if_running': 'replace', 'expires_at': '2026-11-22T19:00:00.5+01:00'}");

        assertThat(command.task()).isInstanceOfSatisfying(Task.Trigger.class, trigger -> {
            assertThat(trigger.retryFromFailure()).isTrue();
            assertThat(trigger.dryRun()).isTrue();
        });
        assertThat(command.requested().ifRunning()).isEqualTo(IfRunning.REPLACE);
        assertThat(command.head().expiresAt()).isEqualTo(Instant.parse("2026-11-22T18:00:00.5Z"));
    }

    @Test
    void whatATriggerDoesNotSayItDoesNotWant() {
        Command.Fit command =
                fit("{'command': 'trigger', 'job_id': 7, 'retry_from_failure': false, 'if_running': null}");

        assertThat(command.task()).isInstanceOfSatisfying(Task.Trigger.class, trigger -> {
            assertThat(trigger.retryFromFailure()).isFalse();
            assertThat(trigger.dryRun()).isFalse();
        });
        assertThat(command.requested()).isEqualTo(RequestedOptions.NONE);
        assertThat(command.head().expiresAt()).isNull();
    }

    @Test
    void aRetryAndAFollowHaveWishesToo() {
        RequestedOptions requested =
                new RequestedOptions(Duration.ofSeconds(5), Duration.ofHours(2), false, null, null, List.of());

        assertThat(fit("{'command': 'follow', 'run_id': 1, 'poll_interval': 'PT5S', 'timeout': 'PT2H',"
                                + " 'on_timeout': 'abandon', 'artifacts': []}")
                        .requested())
                .isEqualTo(requested);
        assertThat(fit("{'command': 'retry', 'run_id': 1, 'poll_interval': 'PT5S', 'timeout': 'PT2H',"
                                + " 'on_timeout': 'abandon', 'on_unclear': 'park', 'artifacts': []}")
                        .requested())
                .isEqualTo(
                        new RequestedOptions(Duration.ofSeconds(5), Duration.ofHours(2), false, true, null, List.of()));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'command': 'retry'} | run_id: exactly one of run_id, target_command_id and a job (job_id, or project_name, environment_name and job_name) must be given; found none",
                "{'command': 'retry', 'run_id': 1, 'job_id': 2} | job_id: exactly one of run_id, target_command_id and a job (job_id, or project_name, environment_name and job_name) must be given; found run_id and job_id",
                "{'command': 'retry', 'project_name': 'p'} | job_id: must be given, or project_name, environment_name and job_name, all three of them",
                "{'command': 'cancel'} | run_id: exactly one of run_id, target_command_id must be given; found none",
                "{'command': 'cancel', 'target_command_id': 'me', 'command_id': 'me'} | target_command_id: must not be the command's own id",
                "{'command': 'cancel', 'target_command_id': 'the-default-id'} | target_command_id: must not be the command's own id",
                "{'command': 'cancel', 'target_command_id': 7} | target_command_id: must be a string; found an integer",
                "{'command': 'cancel', 'target_command_id': 'a\\nb'} | target_command_id: must have printable characters only",
                "{'command': 'follow'} | run_id: must be given",
                "{'command': 'follow', 'run_id': '1'} | run_id: must be a positive integer of 64 bits, as a JSON number; found a string",
                "{'command': 'follow', 'run_id': 1.0} | run_id: must be a positive integer of 64 bits, as a JSON number; found a number with a fraction or an exponent",
                "{'command': 'follow', 'run_id': -1} | run_id: must be a positive integer of 64 bits, as a JSON number; found an integer out of these bounds",
                "{'command': 'follow', 'run_id': [1]} | run_id: must be a positive integer of 64 bits, as a JSON number; found a list",
                "{'command': 'follow', 'run_id': 1, 'expected_statuses': []} | expected_statuses: must be a list of 1 to 12 statuses; found 0",
                "{'command': 'follow', 'run_id': 1, 'expected_statuses': 'success'} | expected_statuses: must be a list of 1 to 12 statuses; found a string",
                "{'command': 'follow', 'run_id': 1, 'expected_statuses': ['done']} | expected_statuses: must hold only words of [queued, starting, running, success, error, cancelled] or dbt Cloud's numbers [1, 2, 3, 10, 20, 30]; found done",
                "{'command': 'follow', 'run_id': 1, 'expected_statuses': [{}]} | expected_statuses: must hold only words of [queued, starting, running, success, error, cancelled] or dbt Cloud's numbers [1, 2, 3, 10, 20, 30]; found an object",
                "{'command': 'trigger', 'job_id': 1, 'dry_run': 'true'} | dry_run: must be true or false; found a string",
                "{'command': 'trigger', 'job_id': 1, 'retry_from_failure': 1} | retry_from_failure: must be true or false; found an integer",
                "{'command': 'trigger', 'job_id': 1, 'if_running': 'wait'} | if_running: must be one of [queue, reuse, skip, replace]; found 'wait'",
                "{'command': 'trigger', 'job_id': 1, 'expires_at': '2026-11-22T18:00:00'} | expires_at: must be a time in RFC 3339 with an offset, such as 2026-11-22T18:00:00Z or 2026-11-22T19:00:00+01:00; found '2026-11-22T18:00:00'",
                "{'command': 'trigger', 'job_id': 1, 'expires_at': '2026-02-30T18:00:00Z'} | expires_at: must be a time in RFC 3339 with an offset, such as 2026-11-22T18:00:00Z or 2026-11-22T19:00:00+01:00; found '2026-02-30T18:00:00Z'",
                "{'command': 'trigger', 'job_id': 1, 'expires_at': 1790000000} | expires_at: must be a time in RFC 3339 with an offset, such as 2026-11-22T18:00:00Z or 2026-11-22T19:00:00+01:00; found an integer",
                "{'command': 'start', 'job_id': 1} | command: must be one of [trigger, retry, cancel, follow]; found 'start'",
                "{'command': true, 'job_id': 1} | command: must be one of [trigger, retry, cancel, follow]; found a boolean",
                "{'job_id': 1} | command: must be given, as one of [trigger, retry, cancel, follow]",
                "{'command': 'trigger', 'job_id': 1, 'run_id': 2} | run_id: is not for trigger, only for retry and cancel and follow",
                "{'command': 'trigger', 'job_id': 1, 'target_command_id': 'x'} | target_command_id: is not for trigger, only for retry and cancel",
                "{'command': 'cancel', 'run_id': 1, 'timeout': 'PT1H'} | timeout: is not for cancel, only for trigger and retry and follow",
                "{'command': 'retry', 'run_id': 1, 'if_running': 'skip'} | if_running: is not for retry, only for trigger",
                "{'command': 'follow', 'run_id': 1, 'on_unclear': 'park'} | on_unclear: is not for follow, only for trigger and retry",
                "{'command': 'follow', 'run_id': 1, 'on_failure': {}} | on_failure: is not for follow, only for trigger and retry",
                "{'command': 'trigger', 'job_id': 1, 'on_failure': 2} | on_failure: must be an object; found an integer",
                "{'command': 'trigger', 'job_id': 1, 'on_failure': {'retry': 2}} | on_failure: must hold only [retries, delay, backoff, when, how]; found 'retry'",
                "{'command': 'trigger', 'job_id': 1, 'on_failure': {'retries': 11}} | on_failure.retries: must be an integer from 0 to 10; found 11",
                "{'command': 'trigger', 'job_id': 1, 'on_failure': {'retries': '2'}} | on_failure.retries: must be an integer from 0 to 10; found a string",
                "{'command': 'trigger', 'job_id': 1, 'on_failure': {'delay': 'P2D'}} | on_failure.delay: must be from PT0S to PT24H; found PT48H",
                "{'command': 'trigger', 'job_id': 1, 'on_failure': {'backoff': 0.5}} | on_failure.backoff: must be a number from 1 to 10; found 0.5",
                "{'command': 'trigger', 'job_id': 1, 'on_failure': {'backoff': []}} | on_failure.backoff: must be a number from 1 to 10; found a list",
                "{'command': 'trigger', 'job_id': 1, 'on_failure': {'when': 'always'}} | on_failure.when: must be one of [transient, any]; found 'always'",
                "{'command': 'trigger', 'job_id': 1, 'on_failure': {'how': 'resume'}} | on_failure.how: must be one of [from_failure, full]; found 'resume'",
                "{'command': 'retry', 'run_id': 1, 'coalesce': {}} | coalesce: is not for retry, only for trigger",
                "{'command': 'trigger', 'job_id': 1, 'coalesce': true} | coalesce: must be an object; found a boolean",
                "{'command': 'trigger', 'job_id': 1, 'coalesce': {'quit': 'PT1S'}} | coalesce: must hold only [enabled, quiet, at_most]; found 'quit'",
                "{'command': 'trigger', 'job_id': 1, 'coalesce': {'quiet': 'PT2H'}} | coalesce.quiet: must be from PT0S to PT1H; found PT2H",
                "{'command': 'trigger', 'job_id': 1, 'coalesce': {'at_most': 5}} | coalesce.at_most: must be an ISO-8601 duration such as PT30S or PT2H; found an integer",
                "{'command': 'trigger', 'job_id': 1, 'coalesce': {'enabled': 1}} | coalesce.enabled: must be true or false; found an integer",
                "{'command': 'trigger', 'job_id': 1, 'expected_statuses': [1]} | expected_statuses: is not for trigger, only for follow",
                "{'command': 'trigger', 'jobid': 1} | jobid: is not a field of a command; job_id was probably meant",
                "{'command': 'trigger', 'job_id': 1, 'time_out': 'PT1H'} | time_out: is not a field of a command; timeout was probably meant",
                "{'command': 'cancel', 'runid': 1} | runid: is not a field of a command; run_id was probably meant",
                "{'command': 'cancel', 'run_id': 1, 'caus': 'x'} | caus: is not a field of a command; cause was probably meant",
                "{'command': 'cancel', 'run_id': 1, 'something': null} | something: is not a field of a command; known for cancel are [account_id, command, command_id, connection, context, expires_at, run_id, target_command_id]",
            })
    void aBrokenRuleIsToldWithTheFieldTheRuleAndWhatWasFound(String json, String message) {
        Command.Unfit unfit = unfit(json);

        assertThat(unfit.reason()).isEqualTo(RejectReason.INVALID);
        assertThat(unfit.message()).isEqualTo(message);
    }

    @Test
    void withWhomARunIsSharedMayBeSaidInPart() {
        assertThat(fit("{'command': 'trigger', 'job_id': 1, 'coalesce': {'quiet': 'PT2M', 'at_most': 'PT15M'}}")
                        .requested()
                        .coalesce())
                .isEqualTo(new Coalesce.Requested(null, Duration.ofMinutes(2), Duration.ofMinutes(15)));
        assertThat(fit("{'command': 'trigger', 'job_id': 1, 'coalesce': {'enabled': false, 'quiet': null}}")
                        .requested()
                        .coalesce())
                .isEqualTo(new Coalesce.Requested(false, null, null));
        assertThat(fit("{'command': 'trigger', 'job_id': 1, 'coalesce': null}")
                        .requested()
                        .coalesce())
                .isNull();
    }

    @Test
    void whatFollowsAFailedRunMayBeSaidInPart() {
        assertThat(fit("{'command': 'trigger', 'job_id': 1, 'on_failure': {'retries': 2, 'delay': 'PT1M', 'backoff': 1,"
                                + " 'when': 'transient', 'how': 'full'}}")
                        .requested()
                        .onFailure())
                .isEqualTo(new OnFailure.Requested(
                        2, Duration.ofMinutes(1), 1.0, OnFailure.When.TRANSIENT, OnFailure.How.FULL));
        assertThat(fit("{'command': 'retry', 'run_id': 1, 'on_failure': {'retries': 0, 'delay': null}}")
                        .requested()
                        .onFailure())
                .isEqualTo(new OnFailure.Requested(0, null, null, null, null));
        assertThat(fit("{'command': 'retry', 'run_id': 1, 'on_failure': null}")
                        .requested()
                        .onFailure())
                .isNull();
    }

    @Test
    void aLongOrStrangeNameIsCutAndCleaned() {
        assertThat(unfit("{'command': 'trigger', 'job_id': 1, '" + "x".repeat(70) + "': 1}")
                        .message())
                .startsWith("x".repeat(60) + "…: is not a field");
        assertThat(unfit("{'command': 'trigger', 'job_id': 1, '" + "x".repeat(59) + "😀y': 1}")
                        .message())
                .startsWith("x".repeat(59) + "😀…: is not a field");
        assertThat(unfit("{'command': 'trigger', 'job_id': 1, 'a\\u0007b': 1}").message())
                .startsWith("a\uFFFDb: is not a field");
    }

    @Test
    void theVerbIsToldEvenIfTheRestIsWrong() {
        assertThat(unfit("{'command': 'cancel', 'run_id': 0}").verb()).isEqualTo("cancel");
        assertThat(unfit("{'command': 'stop', 'run_id': 0}").verb()).isEqualTo("unknown");
    }

    private Command.Fit fit(String json) {
        return (Command.Fit) decoded(json);
    }

    private Command.Unfit unfit(String json) {
        return (Command.Unfit) decoded(json);
    }

    private Command decoded(String json) {
        byte[] bytes = json.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
        return ((Input.CommandReceived) decoder.decode(bytes, name -> null, "the-default-id", Instant.EPOCH)).command();
    }
}

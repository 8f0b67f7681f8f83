package org.dbtrelay.run.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.run.decide.RunSamples.BY_NAMES;
import static org.dbtrelay.run.decide.RunSamples.anything;
import static org.dbtrelay.run.decide.RunSamples.commanded;
import static org.dbtrelay.run.decide.RunSamples.ofCommand;
import static org.dbtrelay.run.decide.RunSamples.policy;
import static org.dbtrelay.run.decide.RunSamples.trigger;

import java.util.List;
import java.util.Set;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.RequestedOptions;
import org.dbtrelay.run.command.RunOptions;
import org.dbtrelay.run.job.JobDetails;
import org.junit.jupiter.api.Test;

/** What the policy says to a command, with the rule and the key that would allow it. */
class AcceptDecisionsTest {

    private static final JobSelector JOB = new JobSelector.ById(7);

    @Test
    void a_connection_that_is_not_there_is_named_with_those_that_are() {
        Course course = new Course(policy(anything()));

        course.take(commanded(new Command.Fit(
                new Command.Head("c1", "other", null, null, null, null), RunSamples.job(7), RequestedOptions.NONE)));

        assertThat(course.entry("c1").unfinished()).isFalse();
        assertThat(ofCommand(course.events.getLast()).reason()).isEqualTo(RejectReason.UNKNOWN_CONNECTION);
        assertThat(ofCommand(course.events.getLast()).message()).contains("'other'", "[default]");
        assertThat(course.events.getLast().accountId()).isNull();
        assertThat(course.events.getLast().jobId()).isEqualTo(7);
    }

    @Test
    void an_account_must_be_the_connections_or_allowed() {
        Policy.ForConnection two = RunSamples.connection(null, Set.of(1L, 2L), false, true, null);

        assertAccepted(two, trigger(1L, JOB, Overrides.NONE));
        assertAccepted(two, trigger(2L, JOB, Overrides.NONE));
        assertForbidden(two, trigger(3L, JOB, Overrides.NONE), "account 3", ".accounts");
    }

    @Test
    void a_job_must_be_among_those_allowed() {
        Policy.ForConnection some = RunSamples.connection(Set.of(7L), Set.of(1L), false, true, null);

        assertAccepted(some, trigger(JOB));
        assertForbidden(some, trigger(new JobSelector.ById(8)), "job 8", ".jobs");
    }

    @Test
    void steps_and_schema_are_overridden_where_that_is_allowed() {
        Overrides steps = new Overrides(List.of("dbt run"), null, null, Set.of());
        Overrides schema = new Overrides(null, "other", null, Set.of());
        Policy.ForConnection neither = RunSamples.connection(null, Set.of(1L), false, false, null);

        assertAccepted(anything(), trigger(null, JOB, steps));
        assertAccepted(anything(), trigger(null, JOB, schema));
        assertForbidden(neither, trigger(null, JOB, steps), "steps_override", ".allow-steps-override");
        assertForbidden(neither, trigger(null, JOB, schema), "schema_override", ".allow-schema-override");
    }

    @Test
    void run_configuration_is_what_dbt_cloud_documents_or_what_is_allowed() {
        Overrides documented = new Overrides(null, null, "{}", Set.of("git_branch"));
        Overrides invented = new Overrides(null, null, "{}", Set.of("invented"));
        Policy.ForConnection own = RunSamples.connection(null, Set.of(1L), false, true, Set.of("invented"));

        assertAccepted(anything(), trigger(null, JOB, documented));
        assertForbidden(anything(), trigger(null, JOB, invented), "'invented'", ".allowed-run-config");
        assertAccepted(own, trigger(null, JOB, invented));
        assertForbidden(own, trigger(null, JOB, documented), "'git_branch'", ".allowed-run-config");
    }

    @Test
    void a_job_by_names_must_be_among_those_allowed_as_soon_as_it_is_known() {
        Course course = new Course(policy(RunSamples.connection(Set.of(8L), Set.of(1L), false, true, null)));
        course.take(commanded(trigger(BY_NAMES)));

        course.take(new Input.JobFound("c1", new JobDetails(7, 1, 2, 3, "j", false)));

        assertThat(ofCommand(course.events.getLast()).reason()).isEqualTo(RejectReason.FORBIDDEN);
        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    @Test
    void what_a_command_says_of_time_outs_goes_before_what_is_configured() {
        Course course = new Course(policy(anything()));

        course.take(commanded(RunSamples.command(
                "c1", RunSamples.job(7), new RequestedOptions(null, null, false, true, null, null))));

        RunOptions options = course.entry("c1").openCommand().options();
        assertThat(options.cancelAtDeadline()).isFalse();
        assertThat(options.parkUnclear()).isTrue();
    }

    private static void assertAccepted(Policy.ForConnection connection, Command command) {
        Course course = new Course(policy(connection));
        course.take(commanded(command));
        assertThat(course.types()).containsExactly("command.accepted");
    }

    private static void assertForbidden(Policy.ForConnection connection, Command command, String what, String key) {
        Course course = new Course(policy(connection));
        course.take(commanded(command));
        assertThat(course.types()).containsExactly("command.rejected");
        assertThat(ofCommand(course.events.getLast()).reason()).isEqualTo(RejectReason.FORBIDDEN);
        assertThat(ofCommand(course.events.getLast()).message())
                .contains(what, "relay.policy.connections.default" + key);
    }
}

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
import org.dbtrelay.run.command.SampleConnection;
import org.dbtrelay.run.job.JobDetails;
import org.junit.jupiter.api.Test;

/** What the policy says to a command, with the rule and the key that would allow it. */
class AcceptDecisionsTest {

    private static final JobSelector JOB = new JobSelector.ById(7);

    @Test
    void aConnectionThatIsNotThereIsNamedWithThoseThatAre() {
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
    void anAccountMustBeTheConnectionsOrAllowed() {
        Policy.ForConnection two =
                new SampleConnection().accounts(1L, 2L).withoutStepsOverride().build();

        assertAccepted(two, trigger(1L, JOB, Overrides.NONE));
        assertAccepted(two, trigger(2L, JOB, Overrides.NONE));
        assertForbidden(two, trigger(3L, JOB, Overrides.NONE), "account 3", ".accounts");
    }

    @Test
    void aJobMustBeAmongThoseAllowed() {
        Policy.ForConnection some =
                new SampleConnection().jobs(7L).withoutStepsOverride().build();

        assertAccepted(some, trigger(JOB));
        assertForbidden(some, trigger(new JobSelector.ById(8)), "job 8", ".jobs");
    }

    @Test
    void stepsAndSchemaAreOverriddenWhereThatIsAllowed() {
        Overrides steps = new Overrides(List.of("dbt run"), null, null, Set.of());
        Overrides schema = new Overrides(null, "other", null, Set.of());
        Policy.ForConnection neither = new SampleConnection()
                .withoutStepsOverride()
                .withoutSchemaOverride()
                .build();

        assertAccepted(anything(), trigger(null, JOB, steps));
        assertAccepted(anything(), trigger(null, JOB, schema));
        assertForbidden(neither, trigger(null, JOB, steps), "steps_override", ".allow-steps-override");
        assertForbidden(neither, trigger(null, JOB, schema), "schema_override", ".allow-schema-override");
    }

    @Test
    void runConfigurationIsWhatDbtCloudDocumentsOrWhatIsAllowed() {
        Overrides documented = new Overrides(null, null, "{}", Set.of("git_branch"));
        Overrides invented = new Overrides(null, null, "{}", Set.of("invented"));
        Policy.ForConnection own = new SampleConnection()
                .withoutStepsOverride()
                .runConfigFields("invented")
                .build();

        assertAccepted(anything(), trigger(null, JOB, documented));
        assertForbidden(anything(), trigger(null, JOB, invented), "'invented'", ".allowed-run-config");
        assertAccepted(own, trigger(null, JOB, invented));
        assertForbidden(own, trigger(null, JOB, documented), "'git_branch'", ".allowed-run-config");
    }

    @Test
    void aJobByNamesMustBeAmongThoseAllowedAsSoonAsItIsKnown() {
        Course course = new Course(
                policy(new SampleConnection().jobs(8L).withoutStepsOverride().build()));
        course.take(commanded(trigger(BY_NAMES)));

        course.take(new Input.JobFound("c1", new JobDetails(7, 1, 2, 3, "j", false, false, null)));

        assertThat(ofCommand(course.events.getLast()).reason()).isEqualTo(RejectReason.FORBIDDEN);
        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    @Test
    void whatACommandSaysOfTimeOutsGoesBeforeWhatIsConfigured() {
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

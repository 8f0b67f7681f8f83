package org.dbtrelay.dbtcloud.resources;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import java.util.Set;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.connection.AgainstEmulator;
import org.dbtrelay.dbtcloud.connection.QuietQuarkus;
import org.dbtrelay.dbtcloud.http.ApiCalls;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.run.job.RunNames;
import org.dbtrelay.run.job.RunSnapshot;
import org.junit.jupiter.api.Test;

@QuarkusTest
@TestProfile(QuietQuarkus.class)
class ResourceNamesTest extends AgainstEmulator {

    private static final long DAILY = 70403103930101L;
    private static final long DAILY_IN_STAGING = 70403103930106L;
    private static final RunNames PRODUCTION = new RunNames("Jaffle Shop", "Production", "production", "latest");

    private RunSnapshot run(long jobId) throws DbtCloudException {
        return client.runs().run(account, emulator.triggerByOther(jobId, "x").id(), Priority.LOOK_UP);
    }

    private long requests() {
        return emulator.counters().total();
    }

    @Test
    void askingSendsNothingAndTheNextRefreshReadsWhatWasWanted() throws DbtCloudException {
        RunSnapshot run = run(DAILY);
        long before = requests();

        assertThat(client.names().of(run)).isEqualTo(RunNames.NONE);
        assertThat(requests()).isEqualTo(before);
        assertThat(client.names().due()).containsExactly(account);

        client.names().refresh(account);
        assertThat(client.names().of(run)).isEqualTo(PRODUCTION);
        assertThat(requests()).as("a list of projects, and one of environments").isEqualTo(before + 2);
        assertThat(client.names().due()).isEmpty();
    }

    @Test
    void manyRunsCostNoMoreThanOne() throws DbtCloudException {
        RunSnapshot run = run(DAILY);
        RunSnapshot staging = run(DAILY_IN_STAGING);
        client.names().want(run);
        client.names().want(staging);
        client.names().refresh(account);
        long before = requests();

        for (int i = 0; i < 100; i++) {
            assertThat(client.names().of(staging).environmentType()).isEqualTo("staging");
            client.names().refresh(account);
        }
        assertThat(requests()).isEqualTo(before);

        clock.advance(ResourceNames.LASTS);
        assertThat(client.names().of(run)).isEqualTo(PRODUCTION);
        client.names().refresh(account);
        assertThat(requests()).isEqualTo(before + 2);
    }

    @Test
    void aListThatFailsLeavesWhatWasKnownAndIsSoonTriedAgain() throws DbtCloudException {
        RunSnapshot run = run(DAILY);
        client.names().want(run);
        client.names().refresh(account);
        clock.advance(ResourceNames.LASTS);
        emulator.faults().always().on(Endpoint.LIST_PROJECTS).status(503);

        client.names().refresh(account);
        assertThat(client.names().of(run)).isEqualTo(PRODUCTION);
        assertThat(client.names().due()).isEmpty();

        clock.advance(ResourceNames.TRY_AGAIN);
        assertThat(client.names().due()).containsExactly(account);
    }

    /** The permission set Job Runner may not read projects; dbt Cloud answers 404 where a permission is missing. */
    @Test
    void aListThatIsRefusedIsNotAskedForAgainSoonAndSuspendsNothing() throws DbtCloudException {
        RunSnapshot run = run(DAILY);
        client.names().want(run);
        emulator.faults().always().on(Endpoint.LIST_PROJECTS).status(404);

        client.names().refresh(account);
        clock.advance(ResourceNames.TRY_AGAIN);

        assertThat(client.names().due()).isEmpty();
        assertThat(client.names().of(run)).isEqualTo(new RunNames(null, "Production", "production", "latest"));
        assertThat(client.calls().suspended()).isEmpty();
    }

    /** The words of a 403 that is about the whole account: a list that nothing depends on must not stop the account's starts. */
    @Test
    void aTokenThatMayNotListProjectsKeepsItsAccount() throws DbtCloudException {
        RunSnapshot run = run(DAILY);
        client.names().want(run);
        emulator.faults().always().on(Endpoint.LIST_PROJECTS).status(403);

        client.names().refresh(account);
        clock.advance(ResourceNames.TRY_AGAIN);

        assertThat(client.calls().suspended()).isEmpty();
        assertThat(client.names().due()).isEmpty();
        assertThat(client.names().of(run).environmentName()).isEqualTo("Production");
    }

    /** The list may change between two pages. */
    @Test
    void aRowThatComesTwiceCountsOnce() throws DbtCloudException {
        RunSnapshot run = run(DAILY);
        client.names().want(run);
        String row = "{\"id\":" + run.projectId() + ",\"account_id\":" + account + ",\"name\":\"Twice\",\"state\":1}";
        emulator.faults()
                .always()
                .on(Endpoint.LIST_PROJECTS)
                .answer(
                        200,
                        "application/json",
                        "{\"status\":{\"code\":200,\"is_success\":true},\"data\":[" + row + "," + row + "],"
                                + "\"extra\":{\"pagination\":{\"count\":2,\"total_count\":2}}}",
                        false);

        client.names().refresh(account);

        assertThat(client.names().of(run).projectName()).isEqualTo("Twice");
    }

    @Test
    void anInternalErrorIsNotRepeatedAtOnce() throws DbtCloudException {
        RunSnapshot run = run(DAILY);
        ApiCalls broken = new ApiCalls(
                null,
                null,
                _ -> {
                    throw new IllegalStateException("an internal error");
                },
                Set.of(account),
                null,
                Duration.ofSeconds(1),
                clock,
                monotonic);
        ResourceNames names = new ResourceNames(broken, false, clock, monotonic);
        names.want(run);

        assertThatThrownBy(() -> names.refresh(account)).isInstanceOf(IllegalStateException.class);
        assertThat(names.due()).containsExactly(account);
        assertThatThrownBy(() -> names.refresh(account)).isInstanceOf(IllegalStateException.class);
        assertThat(names.due()).as("both lists are put off").isEmpty();

        clock.advance(ResourceNames.TRY_AGAIN);
        assertThat(names.due()).containsExactly(account);
    }

    @Test
    void aListThatNobodyWantsIsForgotten() throws DbtCloudException {
        RunSnapshot run = run(DAILY);
        client.names().want(run);
        client.names().refresh(account);

        clock.advance(ResourceNames.UNUSED.plus(Duration.ofSeconds(1)));
        assertThat(client.names().due()).isEmpty();
        assertThat(client.names().of(run)).isEqualTo(RunNames.NONE);
    }

    @Test
    void aNameOfAnybodysChoiceIsBoundedAndPlain() throws DbtCloudException {
        emulator.world()
                .project("\u001b[31mred" + "x".repeat(1_000))
                .environment("e")
                .job(EmulatedJob.named("odd"));
        RunSnapshot run = run(emulator.world().jobNamed("odd").id());
        client.names().want(run);
        client.names().refresh(account);

        assertThat(client.names().of(run).projectName()).startsWith("redx").hasSizeLessThanOrEqualTo(255);
    }

    @Test
    void namesDoNotDependOnWhatLineageWantsBesideThem() throws DbtCloudException {
        RunSnapshot run = run(DAILY);
        emulator.faults().next(1).on(Endpoint.LIST_ENVIRONMENTS).status(400);
        client.names().want(run);
        client.names().refresh(account);

        assertThat(client.names().of(run)).isEqualTo(PRODUCTION);
    }
}

package org.dbtrelay.dbtcloud.resources;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.dbtrelay.dbtcloud.connection.AgainstWireMock.failureOf;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.UncheckedDbtCloudException;
import org.dbtrelay.dbtcloud.connection.AgainstEmulator;
import org.dbtrelay.dbtcloud.connection.QuietQuarkus;
import org.dbtrelay.dbtcloud.paging.Cursor;
import org.dbtrelay.dbtcloud.paging.Listing;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobNames;
import org.junit.jupiter.api.Test;

/** Accounts, projects, environments and jobs, as they are listed and read. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
class ResourcesTest extends AgainstEmulator {

    private static final JobNames DAILY = new JobNames("Jaffle Shop", "Production", "Daily build");

    private long project(String name) {
        return emulator.world().projects(account).stream()
                .filter(project -> project.name().equals(name))
                .findFirst()
                .orElseThrow()
                .id();
    }

    @Test
    void accounts() throws DbtCloudException {
        assertThat(client.resources().listAccounts()).singleElement().satisfies(found -> {
            assertThat(found.id()).isEqualTo(account);
            assertThat(found.name()).isEqualTo("Jaffle Shop");
            assertThat(found.plan()).isEqualTo("enterprise");
            assertThat(found.json().path("run_slots").asInt()).isEqualTo(15);
        });
        assertThat(client.resources().getAccount(account).name()).isEqualTo("Jaffle Shop");
        assertThat(failureOf(() -> client.resources().getAccount(account + 1)))
                .isInstanceOf(CallFailure.Suspended.class);
    }

    @Test
    void projects() throws DbtCloudException {
        assertThat(client.resources().listProjects(account, Map.of()).toList())
                .extracting(Project::name)
                .containsExactly("Jaffle Shop", "Finance");
        assertThat(client.resources().listProjects(account, "FIN").toList())
                .extracting(Project::name)
                .containsExactly("Finance");
        assertThat(client.resources().listProjects(account, "nothing").toList()).isEmpty();
        assertThat(client.resources().getProject(account, project("Finance")).name())
                .isEqualTo("Finance");
        assertThat(failureOf(() -> client.resources().getProject(account, 1))).isInstanceOf(CallFailure.NotFound.class);
    }

    @Test
    void environments() throws DbtCloudException {
        long shop = project("Jaffle Shop");
        List<Environment> found =
                client.resources().listEnvironments(account, shop, Map.of()).toList();

        assertThat(found).extracting(Environment::name).containsExactly("Production", "Staging");
        assertThat(found.getFirst().deploymentType()).isEqualTo("production");
        assertThat(client.resources().listEnvironments(account, shop, "stag").toList())
                .extracting(Environment::name)
                .containsExactly("Staging");
        assertThat(client.resources()
                        .getEnvironment(account, shop, found.getLast().id())
                        .name())
                .isEqualTo("Staging");
        assertThat(failureOf(() -> client.resources()
                        .listEnvironments(account, 1, Map.of())
                        .toList()))
                .isInstanceOf(CallFailure.NotFound.class);
        assertThat(failureOf(() -> client.resources().getEnvironment(account, shop, 1)))
                .isInstanceOf(CallFailure.NotFound.class);
    }

    @Test
    void jobs() throws DbtCloudException {
        long shop = project("Jaffle Shop");
        JobFilter ofShop = new JobFilter(shop, null, null, "-name", Map.of());

        assertThat(client.resources().listJobs(account, JobFilter.all()).toList())
                .hasSize(7);
        assertThat(client.resources().listJobs(account, ofShop).toList())
                .extracting(Job::name)
                .containsExactly(
                        "Slow build", "Retired build", "Daily build", "Daily build", "Build with docs", "Broken build");
        assertThat(client.resources()
                        .listJobs(account, new JobFilter(null, null, "LEDGER", null, Map.of()))
                        .toList())
                .extracting(Job::name)
                .containsExactly("Ledger build");
        assertThat(client.resources()
                        .listJobs(account, new JobFilter(null, null, null, null, Map.of("state", "deleted")))
                        .toList())
                .isEmpty();
        assertThat(client.resources().getJob(account, job))
                .satisfies(found -> assertThat(found.name()).isEqualTo("Slow build"))
                .satisfies(found -> assertThat(found.description()).isEqualTo("runs for two minutes"))
                .satisfies(
                        found -> assertThat(found.json().path("execute_steps")).isNotEmpty());
        assertThat(failureOf(() -> client.resources().getJob(account, 1))).isInstanceOf(CallFailure.NotFound.class);
    }

    @Test
    void aParameterThatDbtCloudDoesNotKnowIsRefusedInItsWords() {
        CallFailure failure = failureOf(() -> client.resources()
                .listJobs(account, new JobFilter(null, null, null, null, Map.of("colour", "red")))
                .toList());

        assertThat(failure)
                .isInstanceOfSatisfying(
                        CallFailure.Refused.class,
                        refused -> assertThat(refused.field()).isEqualTo("colour"));
        assertThat(failure.detail()).contains("Additional properties are not allowed");
        assertThat(emulator.count(Endpoint.LIST_JOBS)).isEqualTo(1);
    }

    private void moreJobs(int count) {
        for (int i = 0; i < count; i++) {
            emulator.world().job(EmulatedJob.named("job " + i));
        }
    }

    @Test
    void twoHundredAndFiftyJobsCostThreeRequestsAndOnlyWhenTheyAreRead() throws DbtCloudException {
        moreJobs(243);
        Listing<Job> all = client.resources().listJobs(account, JobFilter.all());
        assertThat(emulator.counters().total()).isZero();

        assertThat(all.toList()).hasSize(250).doesNotHaveDuplicates();
        assertThat(emulator.count(Endpoint.LIST_JOBS)).isEqualTo(3);

        emulator.counters().reset();
        Iterator<Job> lazily = all.iterator();
        for (int i = 0; i < 100; i++) {
            lazily.next();
        }
        assertThat(emulator.count(Endpoint.LIST_JOBS)).isEqualTo(1);
        lazily.next();
        assertThat(emulator.count(Endpoint.LIST_JOBS)).isEqualTo(2);

        emulator.counters().reset();
        assertThat(all.limit(150).toList()).hasSize(150);
        assertThat(all.limit(30).stream()).hasSize(30);
        assertThat(emulator.counters().requests().stream()
                        .map(request -> request.query().get("limit")))
                .containsExactly("100", "50", "30");
        assertThat(all.limit(0).toList()).isEmpty();
        assertThat(emulator.counters().total()).isEqualTo(3);
    }

    @Test
    void projectsAndEnvironmentsGoAlongTheirIds() throws DbtCloudException {
        for (int i = 0; i < 150; i++) {
            emulator.world().project("project " + i);
        }
        for (int i = 0; i < 150; i++) {
            emulator.world().environment("environment " + i);
        }
        long last = emulator.world().projects(account).getLast().id();

        assertThat(client.resources().listProjects(account, Map.of()).toList()).hasSize(152);
        assertThat(client.resources().listEnvironments(account, last, Map.of()).toList())
                .hasSize(150);

        assertThat(emulator.counters().requests()).hasSize(4);
        assertThat(emulator.counters().requests().get(1).query())
                .containsKey("pk__gt")
                .doesNotContainKey("offset");
        assertThat(emulator.counters().requests().get(3).query())
                .containsKey("id__gt")
                .doesNotContainKey("offset");
    }

    @Test
    void anIteratorTellsOfAFailureInTheMiddle() {
        moreJobs(243);
        Iterator<Job> jobs =
                client.resources().listJobs(account, JobFilter.all()).iterator();
        for (int i = 0; i < 100; i++) {
            jobs.next();
        }
        emulator.faults().always().on(Endpoint.LIST_JOBS).status(403);

        assertThatThrownBy(jobs::next)
                .isInstanceOfSatisfying(
                        UncheckedDbtCloudException.class,
                        e -> assertThat(e.failure().failure()).isInstanceOf(CallFailure.Suspended.class));
    }

    @Test
    void pagesCanBeHadOneByOneByATextThatIsHandedOut() throws DbtCloudException {
        moreJobs(13);
        Listing<Job> jobs = client.resources().listJobs(account, JobFilter.all());

        Listing.Page<Job> first = jobs.page(null, 8);
        Listing.Page<Job> second = jobs.page(Cursor.of(first.next().text()), 8);
        Listing.Page<Job> third = jobs.page(second.next(), 8);

        assertThat(first.rows()).hasSize(8);
        assertThat(second.rows()).hasSize(8).doesNotContainAnyElementsOf(first.rows());
        assertThat(third.rows()).hasSize(4);
        assertThat(third.next()).isNull();
        assertThatThrownBy(() -> Cursor.of("x")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> jobs.page(null, 101)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aJobByItsNamesCostsThreeRequestsAndThenNone() throws Exception {
        assertThat(client.resources().getJobByName(account, DAILY).name()).isEqualTo("Daily build");
        assertThat(emulator.counters().total()).isEqualTo(3);
        assertThat(client.resources().getJobByName(account, DAILY).jobId()).isEqualTo(70403103930101L);
        assertThat(emulator.counters().total()).isEqualTo(3);

        client.resources().forgetJobByName(account, DAILY);
        assertThat(client.resources().getJobByName(account, DAILY).jobId()).isEqualTo(70403103930101L);
        assertThat(emulator.counters().total()).isEqualTo(6);
    }

    @Test
    void aLookUpSaysWhichOfTheThreeFailed() {
        failsAt("project", new JobNames("Jaffle Shops", "Production", "Daily build"), 0, "Jaffle Shop");
        failsAt("environment", new JobNames("Jaffle Shop", "production", "Daily build"), 0, "Production");
        failsAt("job", new JobNames("Jaffle Shop", "Production", "daily build"), 0, "Daily build");

        emulator.world().environment("x").job(EmulatedJob.named("Twin")).job(EmulatedJob.named("Twin"));
        failsAt("job", new JobNames("Finance", "x", "Twin"), 2, null);
    }

    private void failsAt(
            String resource, JobNames names, int matches, @org.jspecify.annotations.Nullable String nearest) {
        assertThatThrownBy(() -> client.resources().getJobByName(account, names))
                .isInstanceOfSatisfying(DbtCloudResourceLookupException.class, e -> {
                    assertThat(e.resource()).isEqualTo(resource);
                    assertThat(e.matches()).isEqualTo(matches);
                    assertThat(e).hasMessageContaining(resource);
                    if (nearest == null) {
                        assertThat(e.nearNames()).isEmpty();
                    } else {
                        assertThat(e.nearNames()).first().isEqualTo(nearest);
                        assertThat(e).hasMessageContaining("'" + nearest + "'");
                    }
                });
    }
}

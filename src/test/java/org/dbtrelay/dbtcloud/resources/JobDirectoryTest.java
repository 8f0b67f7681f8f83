package org.dbtrelay.dbtcloud.resources;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.connection.AgainstEmulator;
import org.dbtrelay.dbtcloud.connection.AgainstWireMock;
import org.dbtrelay.dbtcloud.connection.QuietQuarkus;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobLookup;
import org.dbtrelay.run.job.JobNames;
import org.junit.jupiter.api.Test;

@QuarkusTest
@TestProfile(QuietQuarkus.class)
class JobDirectoryTest extends AgainstEmulator {

    private static final JobNames DAILY = new JobNames("Jaffle Shop", "Production", "Daily build");

    private JobLookup lookUp(String project, String environment, String name) throws DbtCloudException {
        return client.jobs().lookUp(account, new JobNames(project, environment, name));
    }

    private static String messageOf(JobLookup lookup) {
        return switch (lookup) {
            case JobLookup.Found(var job) -> "found " + job;
            case JobLookup.None(String message) -> message;
            case JobLookup.Several(String message) -> message;
        };
    }

    @Test
    void findsTheOneJobOfTheNames() throws DbtCloudException {
        JobLookup daily = client.jobs().lookUp(account, DAILY);
        JobLookup staging = lookUp("Jaffle Shop", "Staging", "Daily build");
        JobLookup retired = lookUp("Jaffle Shop", "Production", "Retired build");

        assertThat(daily).isInstanceOfSatisfying(JobLookup.Found.class, found -> {
            assertThat(found.job().jobId()).isEqualTo(70403103930101L);
            assertThat(found.job().accountId()).isEqualTo(account);
            assertThat(found.job().name()).isEqualTo("Daily build");
            assertThat(found.job().deactivated()).isFalse();
        });
        assertThat(staging)
                .isInstanceOfSatisfying(
                        JobLookup.Found.class,
                        found -> assertThat(found.job().jobId()).isEqualTo(70403103930106L));
        assertThat(retired)
                .isInstanceOfSatisfying(
                        JobLookup.Found.class,
                        found -> assertThat(found.job().deactivated()).isTrue());
    }

    @Test
    void remembersAMatchForTenMinutes() throws DbtCloudException {
        client.jobs().lookUp(account, DAILY);
        long once = emulator.counters().total();
        assertThat(once).isEqualTo(3);

        clock.advance(Duration.ofMinutes(9));
        client.jobs().lookUp(account, DAILY);
        assertThat(emulator.counters().total()).isEqualTo(once);

        clock.advance(Duration.ofMinutes(2));
        client.jobs().lookUp(account, DAILY);
        assertThat(emulator.counters().total()).isEqualTo(2 * once);

        client.jobs().forget(account, 1);
        client.jobs().lookUp(account, DAILY);
        assertThat(emulator.counters().total()).as("another job").isEqualTo(2 * once);
        client.jobs().forget(account, 70403103930101L);
        client.jobs().lookUp(account, DAILY);
        assertThat(emulator.counters().total()).isEqualTo(3 * once);
    }

    @Test
    void aMissSaysWhichNameItWasAndWhatIsNear() throws DbtCloudException {
        assertThat(lookUp("Jaffle shop", "Production", "Daily build"))
                .isEqualTo(new JobLookup.None(
                        "No project in account " + account + " has the name 'Jaffle shop'. Near: 'Jaffle Shop'."));
        assertThat(messageOf(lookUp("Jaffle Shop", "Prodction", "Daily build")))
                .startsWith("No environment in project 'Jaffle Shop' has the name 'Prodction'. Near: 'Production'");
        assertThat(messageOf(lookUp("Jaffle Shop", "Production", "Dayly build")))
                .startsWith("No job in environment 'Production' of project 'Jaffle Shop' has the name 'Dayly build'."
                        + " Near: 'Daily build'");
    }

    @Test
    void aMissIsSoonLookedUpAgain() throws DbtCloudException {
        JobNames names = new JobNames("Finance", "Production", "New build");
        assertThat(client.jobs().lookUp(account, names)).isInstanceOf(JobLookup.None.class);
        emulator.world().job(EmulatedJob.named("New build"));

        assertThat(client.jobs().lookUp(account, names)).isInstanceOf(JobLookup.None.class);
        clock.advance(Duration.ofSeconds(31));
        assertThat(client.jobs().lookUp(account, names)).isInstanceOf(JobLookup.Found.class);
    }

    /** Whoever sends commands chooses the names, and thousands are remembered. */
    @Test
    void aNameLongerThanAnyThatDbtCloudHasIsNotRemembered() throws DbtCloudException {
        lookUp("p".repeat(2_000), "Production", "Daily build");
        long once = emulator.counters().total();

        lookUp("p".repeat(2_000), "Production", "Daily build");

        assertThat(emulator.counters().total()).isEqualTo(2 * once);
    }

    @Test
    void twoJobsOfOneNameAreSeveral() throws DbtCloudException {
        emulator.world().job(EmulatedJob.named("Twin")).job(EmulatedJob.named("Twin"));

        assertThat(lookUp("Finance", "Production", "Twin"))
                .isEqualTo(new JobLookup.Several(
                        "2 jobs in environment 'Production' of project 'Finance' have the name 'Twin'."));
    }

    @Test
    void pagesThroughManyLikeNames() throws DbtCloudException {
        for (int i = 0; i < 250; i++) {
            emulator.world().job(EmulatedJob.named("Many " + i));
        }
        emulator.world().job(EmulatedJob.named("many"));
        emulator.world().job(EmulatedJob.named("Many"));

        assertThat(lookUp("Finance", "Production", "Many"))
                .isInstanceOfSatisfying(
                        JobLookup.Found.class,
                        found -> assertThat(found.job().name()).isEqualTo("Many"));
        assertThat(emulator.count(Endpoint.LIST_JOBS)).isEqualTo(3);
    }

    @Test
    void aFailedLookUpIsNotRemembered() throws DbtCloudException {
        emulator.faults().next(1).on(Endpoint.LIST_JOBS).htmlStatus(502);

        assertThat(AgainstWireMock.failureOf(() -> client.jobs().lookUp(account, DAILY)))
                .isInstanceOf(CallFailure.Unclear.class);
        assertThat(client.jobs().lookUp(account, DAILY)).isInstanceOf(JobLookup.Found.class);
    }

    @Test
    void manyLookUpsOfOneJobAtOnceAreOne() throws Exception {
        try (var threads = java.util.concurrent.Executors.newVirtualThreadPerTaskExecutor()) {
            var all = java.util.stream.IntStream.range(0, 50)
                    .mapToObj(_ -> threads.submit(() -> client.jobs().lookUp(account, DAILY)))
                    .toList();
            for (var one : all) {
                assertThat(one.get()).isInstanceOf(JobLookup.Found.class);
            }
        }
        assertThat(emulator.counters().total()).isEqualTo(3);
    }

    @Test
    void measuresHowFarNamesAreApart() {
        assertThat(JobDirectory.distance("", "")).isZero();
        assertThat(JobDirectory.distance("Daily", "daily")).isZero();
        assertThat(JobDirectory.distance("kitten", "sitting")).isEqualTo(3);
        assertThat(JobDirectory.distance("abc", "")).isEqualTo(3);
    }
}

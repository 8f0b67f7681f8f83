package org.dbtrelay.dbtcloud.resources;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.dbtrelay.dbtcloud.connection.AgainstEmulator;
import org.dbtrelay.dbtcloud.connection.QuietQuarkus;
import org.dbtrelay.emulator.EmulatedEnvironment;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.Permission;
import org.dbtrelay.lineage.naming.DatasetNames;
import org.dbtrelay.lineage.naming.Relation;
import org.dbtrelay.testkit.LogLines;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Connections of which an environment shows only the id are read by themselves, by dbt Cloud's call for a connection of the account. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
class ConnectionFieldsTest extends AgainstEmulator {

    private EnvironmentSource source() {
        EmulatedEnvironment production = emulator.world().environments(account).getFirst();
        Optional<EnvironmentSource> source = client.names().source(account, production.projectId(), production.id());
        if (source.isEmpty()) {
            client.names().refresh(account);
            return source();
        }
        return source.get();
    }

    private Optional<Map<String, String>> connection() {
        return client.names().connection(account, source());
    }

    private long requests() {
        return emulator.count(Endpoint.GET_CONNECTION);
    }

    @ParameterizedTest
    @CsvSource({
        "snowflake, snowflake://acme-prod",
        "bigquery, bigquery",
        "redshift, redshift://shop.eu-west-1:5439",
        "postgres, postgres://db.example.com:5432",
        "databricks, databricks://databricks.example.com",
        "fabric, fabric-warehouse://shop.datawarehouse.fabric.microsoft.com",
        "trino, trino://trino.example.com:443",
        "athena, awsathena://athena.eu-west-1.amazonaws.com",
    })
    void nameTheDatabaseAsIfTheEnvironmentShowedThem(String adapter, String namespace) {
        emulator.world().building(adapter).hidingConnections();
        assertThat(source().connection()).isEmpty();
        assertThat(connection()).as("nobody has read it").isEmpty();

        client.names().refresh(account);

        assertThat(DatasetNames.of(adapter, null, connection().orElseThrow(), "unknown")
                        .of(new Relation("d", "s", "t"))
                        .namespace())
                .isEqualTo(namespace);
        assertThat(DatasetNames.of(null, null, connection().orElseThrow(), "unknown")
                        .of(new Relation("d", "s", "t"))
                        .namespace())
                .as("without a manifest")
                .isEqualTo(namespace);
        assertThat(connection().orElseThrow().values()).noneMatch(value -> value.contains("*"));
    }

    @Test
    void areReadOnceForAllRunsAndAgainAnHourLater() {
        emulator.world().building("snowflake").hidingConnections();
        for (int i = 0; i < 100; i++) {
            connection();
            client.names().refresh(account);
        }

        assertThat(requests()).isEqualTo(1);

        clock.advance(ConnectionFields.LASTS.minusSeconds(1));
        connection();
        client.names().refresh(account);
        assertThat(requests()).isEqualTo(1);

        clock.advance(Duration.ofSeconds(1));
        assertThat(connection()).as("known on").isPresent();
        client.names().refresh(account);
        assertThat(requests()).isEqualTo(2);
    }

    /** Like every call, it takes from what the account may send. */
    @Test
    void costARequestOfTheBudget() {
        emulator.world().building("snowflake").hidingConnections();
        connection();
        int before = client.calls().budget(account).level().usedInLastMinute();

        client.names().refresh(account);

        assertThat(client.calls().budget(account).level().usedInLastMinute()).isEqualTo(before + 1);
    }

    @Test
    void areNotReadIfTheEnvironmentTellsTheDatabase() {
        emulator.world().building("snowflake");

        assertThat(connection().orElseThrow()).containsEntry("account", "acme-prod");
        client.names().refresh(account);
        assertThat(requests()).isZero();
    }

    /** dbt Cloud answers 404 to what a token may not read; the table of permissions gives connections to Job Admin, not to Job Viewer. */
    @Test
    void thatMayNotBeReadAreNotAskedForAgainSoonAndSuspendNothing() {
        emulator.world().building("snowflake").hidingConnections();
        emulator.access().limit(emulator.token(), Permission.JOB_VIEWER);
        connection();
        client.names().refresh(account);

        assertThat(connection()).as("nothing more is to be known").contains(Map.of());
        assertThat(requests()).isEqualTo(1);

        clock.advance(ConnectionFields.LASTS.minusSeconds(1));
        connection();
        client.names().refresh(account);
        assertThat(requests()).isEqualTo(1);
        assertThat(client.calls().suspended()).isEmpty();

        emulator.access().limit(emulator.token(), Permission.JOB_ADMIN);
        clock.advance(Duration.ofSeconds(1));
        connection();
        client.names().refresh(account);
        assertThat(connection().orElseThrow()).containsEntry("account", "acme-prod");
    }

    @Test
    void thatMayNotBeReadAreLoggedOnce() {
        emulator.world().building("snowflake").hidingConnections();
        emulator.faults().always().on(Endpoint.GET_CONNECTION).status(404);
        try (LogLines log = LogLines.of(ConnectionFields.class.getName())) {
            for (int hour = 0; hour < 5; hour++) {
                connection();
                client.names().refresh(account);
                clock.advance(ConnectionFields.LASTS);
            }

            assertThat(requests()).as("asked once an hour").isEqualTo(5);
            assertThat(log.lines())
                    .singleElement()
                    .asString()
                    .startsWith("A connection in dbt Cloud could not be read");
        }
    }

    @Test
    void thatAreForbiddenSuspendNothingEither() {
        emulator.world().building("snowflake").hidingConnections();
        emulator.faults().always().on(Endpoint.GET_CONNECTION).status(403);
        connection();
        client.names().refresh(account);

        assertThat(connection()).contains(Map.of());
        assertThat(client.calls().suspended()).isEmpty();
        clock.advance(ResourceNames.TRY_AGAIN);
        connection();
        client.names().refresh(account);
        assertThat(requests()).isEqualTo(1);
    }

    @Test
    void thatFailOnceAreSoonTriedAgain() {
        emulator.world().building("snowflake").hidingConnections();
        emulator.faults().next(1).on(Endpoint.GET_CONNECTION).status(503);
        connection();
        client.names().refresh(account);
        assertThat(connection()).as("it may come").isEmpty();

        clock.advance(ResourceNames.TRY_AGAIN);
        client.names().refresh(account);

        assertThat(connection().orElseThrow()).containsEntry("account", "acme-prod");
        assertThat(requests()).isEqualTo(2);
    }
}

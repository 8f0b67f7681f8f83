package org.dbtrelay.lineage.naming;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.openlineage.client.dataset.Naming;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class DatasetNamesTest {

    private static final String UNKNOWN = "environment-7.ab123.us1.dbt.com";
    private static final Relation ORDERS = new Relation("analytics", "prod", "orders");

    private static DatasetNames names(String adapter, Map<String, String> connection) {
        return DatasetNames.of(adapter, null, connection, UNKNOWN);
    }

    /** The names that the classes of OpenLineage's own client make. */
    static Stream<Arguments> specified() {
        return Stream.of(
                arguments(
                        "snowflake",
                        Map.of("account", "acme-prod"),
                        new Naming.Snowflake("acme", "prod", "analytics", "prod", "orders")),
                arguments("bigquery", Map.of(), new Naming.BigQuery("analytics", "prod", "orders")),
                arguments(
                        "redshift",
                        Map.of("hostname", "shop.cabc123.eu-west-1.redshift.amazonaws.com", "port", "5440"),
                        new Naming.Redshift("shop", "eu-west-1", "5440", "analytics", "prod", "orders")),
                arguments(
                        "redshift",
                        Map.of("host", "shop.123456789012.eu-west-1.redshift-serverless.amazonaws.com"),
                        new Naming.Redshift("shop", "eu-west-1", "5439", "analytics", "prod", "orders")),
                arguments(
                        "postgres",
                        Map.of("hostname", "db.example.com"),
                        new Naming.Postgres("db.example.com", "5432", "analytics", "prod", "orders")),
                arguments(
                        "trino",
                        Map.of("host", "trino.example.com", "port", "8443"),
                        new Naming.Trino("trino.example.com", "8443", "analytics", "prod", "orders")),
                arguments(
                        "athena",
                        Map.of("region_name", "eu-west-1"),
                        new Naming.Athena("eu-west-1", "analytics", "prod", "orders")),
                arguments(
                        "teradata",
                        Map.of("host", "td.example.com"),
                        new Naming.Teradata("td.example.com", "1025", "prod", "orders")));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("specified")
    void areThoseOfTheSpecification(String adapter, Map<String, String> connection, Naming.DatasetNaming expected) {
        Dataset dataset = names(adapter, connection).of(ORDERS);

        assertThat(dataset.namespace().replaceFirst("^bigquery$", "bigquery"))
                .isEqualTo(expected.getNamespace().replaceFirst("^bigquery:.*$", "bigquery"));
        assertThat(dataset.name()).isEqualTo(expected.getName());
    }

    @ParameterizedTest
    @CsvSource({
        "acme-prod, acme-prod",
        "acme-prod.us-east-1, acme-prod",
        "acme-prod.snowflakecomputing.com, acme-prod",
        "ACME-PROD.privatelink.snowflakecomputing.com, ACME-PROD",
        "xy12345, xy12345.us-west-1.aws",
        "xy12345.us-east-1, xy12345.us-east-1.aws",
        "xy12345.east-us-2.azure, xy12345.east-us-2.azure",
        "xy12345.us-east-1.privatelink, xy12345.us-east-1.aws",
    })
    void giveAnAccountOfSnowflakeOneForm(String told, String account) {
        assertThat(names("snowflake", Map.of("account", told)).namespace()).isEqualTo("snowflake://" + account);
    }

    /** Adapters for which the specification has no rule: those of OpenLineage's integration of dbt, and what is left. */
    @ParameterizedTest
    @CsvSource({
        "databricks, databricks://db.example.com",
        "fabric, fabric-warehouse://db.example.com",
        "synapse, sqlserver://db.example.com:1433",
        "sqlserver, mssql://db.example.com:1433",
        "starburst, trino://db.example.com:443",
        "dremio, dremio://db.example.com",
        "Some Adapter!, some-adapter-://db.example.com",
        "3rd, dbt-3rd://db.example.com",
    })
    void areUniqueForOtherAdapters(String adapter, String namespace) {
        assertThat(names(adapter, Map.of("host", "db.example.com")).namespace()).isEqualTo(namespace);
    }

    @Test
    void goByTheConfigurationFirst() {
        DatasetNames names = DatasetNames.of("snowflake", "snowflake://mine", Map.of("account", "acme-prod"), UNKNOWN);

        assertThat(names.of(ORDERS)).isEqualTo(new Dataset("snowflake://mine", "analytics.prod.orders"));
    }

    @ParameterizedTest
    @CsvSource({"snowflake", "redshift", "postgres", "databricks", "trino", "fabric", "sqlserver", "duckdb", "dremio"})
    void standForAnEnvironmentWhereNobodyTellsTheHost(String adapter) {
        assertThat(names(adapter, Map.of()).namespace()).endsWith("://" + UNKNOWN);
    }

    /** A database of Synapse has one warehouse: the specification names a table by its schema. */
    @Test
    void leaveOutTheDatabaseWhereTheSpecificationDoes() {
        assertThat(names("synapse", Map.of("host", "s.sql.azuresynapse.net")).of(ORDERS))
                .isEqualTo(new Dataset("sqlserver://s.sql.azuresynapse.net:1433", "prod.orders"));
    }

    @Test
    void goByTheConnectionWithoutAManifest() {
        assertThat(names(null, Map.of("type", "snowflake", "account", "acme-prod"))
                        .namespace())
                .isEqualTo("snowflake://acme-prod");
        assertThat(names(null, Map.of("type", "adapter", "adapter_version", "trino_v0", "host", "t", "port", "1"))
                        .namespace())
                .isEqualTo("trino://t:1");
        assertThat(names(null, Map.of()).namespace()).isEqualTo("dbt://" + UNKNOWN);
    }

    @Test
    void leaveOutWhatARelationDoesNotHave() {
        assertThat(names("duckdb", Map.of("path", "/data/shop.db")).of(new Relation(null, "main", "orders")))
                .isEqualTo(new Dataset("duckdb:///data/shop.db", "main.orders"));
    }
}

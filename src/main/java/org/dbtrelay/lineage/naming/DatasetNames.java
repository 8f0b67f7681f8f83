package org.dbtrelay.lineage.naming;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Names datasets as the naming specification of OpenLineage does ({@code spec/Naming.md}), and where that has no rule for an adapter, as
 * OpenLineage's own integration of dbt does, so that the same table has one name, whoever tells of it.
 */
public final class DatasetNames {

    private static final String BIGQUERY = "bigquery";

    /** {@code <cluster>.<id>.<region>.redshift.amazonaws.com}, and of a serverless one {@code <workgroup>.<account>.<region>.…}. */
    private static final Pattern REDSHIFT =
            Pattern.compile("([^.]+)\\.[^.]+\\.([a-z0-9-]+)\\.redshift(?:-serverless)?\\.amazonaws\\.com(?:\\.cn)?");

    private static final String SNOWFLAKE_HOST = ".snowflakecomputing.com";
    private static final String PRIVATE_LINK = ".privatelink";

    private final String namespace;
    private final boolean hasCatalog;

    private DatasetNames(String namespace, String adapter) {
        this.namespace = namespace;
        // Where a database is what others call a schema, the name has two parts.
        this.hasCatalog = switch (adapter) {
            case "mysql", "teradata", "clickhouse", "synapse" -> false;
            default -> true;
        };
    }

    /**
     * The names of a data source.
     *
     * @param adapter dbt's word for it, such as {@code snowflake}; null if nobody has told it
     * @param configured the namespace that the configuration gives; null: none
     * @param connection the fields of dbt Cloud's connection, such as {@code account} and {@code host}; may be empty
     * @param unknown stands for the host where neither is known; the same for all runs of an environment
     */
    public static DatasetNames of(
            @Nullable String adapter, @Nullable String configured, Map<String, String> connection, String unknown) {
        String kind = adapter == null ? kindOf(connection) : adapter.toLowerCase(Locale.ROOT);
        return new DatasetNames(configured == null ? namespace(kind, connection, unknown) : configured, kind);
    }

    /** The data source. */
    public String namespace() {
        return namespace;
    }

    /** The name of a table or view in it. */
    public Dataset of(Relation relation) {
        return new Dataset(
                namespace,
                Stream.of(hasCatalog ? relation.database() : null, relation.schema(), relation.identifier())
                        .filter(part -> part != null && !part.isBlank())
                        .collect(Collectors.joining(".")));
    }

    /** dbt Cloud's word of a connection; {@code adapter} stands for what has only a version, such as {@code trino_v0}. */
    private static String kindOf(Map<String, String> connection) {
        String type = connection.getOrDefault("type", "");
        String version = connection.getOrDefault("adapter_version", "");
        String kind = type.isEmpty() || type.equals("adapter") ? version.replaceFirst("_v[0-9]+$", "") : type;
        return kind.isEmpty() ? "dbt" : kind.toLowerCase(Locale.ROOT);
    }

    private static String namespace(String kind, Map<String, String> connection, String unknown) {
        return switch (kind) {
            case BIGQUERY -> BIGQUERY;
            case "snowflake" ->
                "snowflake://"
                        + field(connection, "account")
                                .map(DatasetNames::snowflakeAccount)
                                .orElse(unknown);
            case "redshift" ->
                "redshift://"
                        + field(connection, "host", "hostname")
                                .map(host -> redshiftCluster(host) + port(connection, "5439"))
                                .orElse(unknown);
            case "postgres", "alloydb" -> at("postgres", connection, "5432", unknown);
            case "trino", "starburst" -> at("trino", connection, "443", unknown);
            case "databricks" ->
                "databricks://" + field(connection, "host", "hostname").orElse(unknown);
            case "athena" ->
                field(connection, "region_name", "region")
                        .map(region -> "awsathena://athena." + region + ".amazonaws.com")
                        .orElse("awsathena://" + unknown);
            case "fabric" -> "fabric-warehouse://" + serverOf(connection).orElse(unknown);
            case "synapse" ->
                "sqlserver://"
                        + serverOf(connection)
                                .map(host -> host + port(connection, "1433"))
                                .orElse(unknown);
            case "sqlserver" ->
                "mssql://"
                        + serverOf(connection)
                                .map(host -> host + port(connection, "1433"))
                                .orElse(unknown);
            case "teradata" -> at("teradata", connection, "1025", unknown);
            case "duckdb" -> "duckdb://" + field(connection, "path").orElse(unknown);
            default ->
                scheme(kind) + "://"
                        + serverOf(connection)
                                .map(host -> host + port(connection, ""))
                                .orElse(unknown);
        };
    }

    private static String at(String scheme, Map<String, String> connection, String port, String unknown) {
        return scheme + "://"
                + field(connection, "host", "hostname")
                        .map(host -> host + port(connection, port))
                        .orElse(unknown);
    }

    private static Optional<String> serverOf(Map<String, String> connection) {
        return field(connection, "server", "host", "hostname");
    }

    private static String port(Map<String, String> connection, String usual) {
        String port = field(connection, "port").orElse(usual);
        return port.isEmpty() ? "" : ":" + port;
    }

    private static Optional<String> field(Map<String, String> connection, String... names) {
        return Stream.of(names)
                .map(connection::get)
                .filter(value -> value != null && !value.isBlank())
                .map(String::strip)
                .findFirst();
    }

    /** What may stand in front of {@code ://}. */
    private static String scheme(String kind) {
        String scheme = kind.replaceAll("[^a-z0-9+.-]", "-");
        return scheme.matches("[a-z].*") ? scheme : "dbt-" + scheme;
    }

    /**
     * The one form of an account that has several. An organisation and an account are {@code org-account}, without a region; a locator
     * has its region and its cloud, which are {@code us-west-1} and {@code aws} where it does not say them.
     */
    static String snowflakeAccount(String account) {
        String plain = withoutEnd(withoutEnd(account, SNOWFLAKE_HOST), PRIVATE_LINK);
        String[] parts = plain.split("\\.", -1);
        if (parts[0].contains("-")) {
            return parts[0];
        }
        return switch (parts.length) {
            case 1 -> parts[0] + ".us-west-1.aws";
            case 2 -> plain + ".aws";
            default -> plain;
        };
    }

    private static String withoutEnd(String text, String end) {
        return text.toLowerCase(Locale.ROOT).endsWith(end) ? text.substring(0, text.length() - end.length()) : text;
    }

    private static String redshiftCluster(String host) {
        Matcher matcher = REDSHIFT.matcher(host.toLowerCase(Locale.ROOT));
        return matcher.matches() ? matcher.group(1) + "." + matcher.group(2) : host;
    }
}

package org.dbtrelay.emulator;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A dbt project whose manifest, run results and catalog belong together: sources, models (one of them ephemeral), a seed, a snapshot, tests
 * and an exposure, in the database of an adapter.
 */
public final class DbtProject {

    private static final String NAME = "jaffle_shop";

    /** The adapters that a project can have. */
    public static final List<String> ADAPTERS =
            List.of("snowflake", "bigquery", "redshift", "postgres", "databricks", "fabric", "trino", "athena");

    /** A node or source; {@code tested} and {@code column} are those of a test. */
    private record Node(
            String id,
            String materialized,
            List<String> parents,
            List<String> columns,
            @Nullable String tested,
            @Nullable String test,
            @Nullable String column) {

        static Node of(String id, String materialized, List<String> parents, String... columns) {
            return new Node(id, materialized, parents, List.of(columns), null, null, null);
        }

        static Node test(String name, String tested, String test, String column, String... parents) {
            return new Node("test." + NAME + "." + name, "test", List.of(parents), List.of(), tested, test, column);
        }

        String type() {
            return id.substring(0, id.indexOf('.'));
        }

        String name() {
            String[] parts = id.split("\\.", -1);
            return type().equals("test") ? parts[2] : parts[parts.length - 1];
        }
    }

    private final String adapter;
    private final List<Node> nodes;

    private DbtProject(String adapter, List<Node> nodes) {
        if (!ADAPTERS.contains(adapter)) {
            throw new IllegalArgumentException("no adapter of " + ADAPTERS + ": " + adapter);
        }
        this.adapter = adapter;
        this.nodes = List.copyOf(nodes);
    }

    /** The jaffle shop in the database of an adapter. */
    public static DbtProject jaffleShop(String adapter) {
        String customers = source("customers");
        String orders = source("orders");
        return new DbtProject(
                adapter,
                List.of(
                        Node.of(customers, "source", List.of(), "id", "name"),
                        Node.of(orders, "source", List.of(), "id", "customer_id", "amount"),
                        Node.of(id("seed", "countries"), "seed", List.of(), "code", "name"),
                        Node.of(model("customers"), "table", List.of(model("stg_customers"), model("int_orders")), "customer_id", "orders"),
                        Node.of(model("stg_customers"), "view", List.of(customers, id("seed", "countries")), "customer_id", "name"),
                        Node.of(model("stg_orders"), "view", List.of(orders), "order_id", "customer_id", "amount"),
                        Node.of(model("int_orders"), "ephemeral", List.of(model("stg_orders")), "customer_id", "orders"),
                        Node.of(model("orders"), "incremental", List.of(model("stg_orders")), "order_id", "amount"),
                        Node.of(id("snapshot", "orders_history"), "snapshot", List.of(model("orders")), "order_id", "dbt_valid_from"),
                        Node.test(
                                "not_null_customers_customer_id.5c9bf9911d",
                                model("customers"),
                                "not_null",
                                "customer_id",
                                model("customers")),
                        Node.test(
                                "unique_customers_customer_id.c5af1ff4b1",
                                model("customers"),
                                "unique",
                                "customer_id",
                                model("customers")),
                        Node.test(
                                "relationships_orders_customer_id.c6ec7f58f2",
                                model("orders"),
                                "relationships",
                                "customer_id",
                                model("customers"),
                                model("orders"))));
    }

    /** So many models, each built from the one before. */
    public static DbtProject ofSize(String adapter, int models) {
        List<Node> nodes = new ArrayList<>();
        nodes.add(Node.of(source("orders"), "source", List.of(), "id"));
        for (int i = 0; i < models; i++) {
            String parent = i == 0 ? source("orders") : model(String.format(Locale.ROOT, "model_%05d", i - 1));
            nodes.add(Node.of(
                    model(String.format(Locale.ROOT, "model_%05d", i)), "table", List.of(parent), "id", "amount"));
        }
        return new DbtProject(adapter, nodes);
    }

    private static String id(String type, String name) {
        return type + "." + NAME + "." + name;
    }

    private static String model(String name) {
        return id("model", name);
    }

    private static String source(String name) {
        return id("source", "raw." + name);
    }

    /** dbt's word for the database. */
    public String adapter() {
        return adapter;
    }

    /** The ids of the nodes that {@code dbt build} runs, in its order. */
    public List<String> run() {
        return nodes.stream()
                .filter(node -> !List.of("source", "ephemeral").contains(node.materialized()))
                .map(Node::id)
                .toList();
    }

    /** The connection of an environment with such a database, as dbt Cloud shows it, without its secrets. */
    static ObjectNode connection(String adapter, long id) {
        ObjectNode json = Envelope.object().put("id", id).put("name", adapter).put("state", 1);
        boolean isOwn = List.of("snowflake", "bigquery", "redshift", "postgres").contains(adapter);
        json.put("type", isOwn ? adapter : "adapter");
        if (!isOwn) {
            json.put("adapter_version", adapter + "_v0");
        }
        ObjectNode details = json.putObject("details");
        switch (adapter) {
            case "snowflake" -> details.put("account", "acme-prod").put("database", "ANALYTICS");
            case "bigquery" -> json.put("project_id", "acme-prod");
            case "redshift" ->
                details.put("hostname", "shop.cabc123.eu-west-1.redshift.amazonaws.com").put("port", 5439);
            case "postgres" -> details.put("hostname", "db.example.com").put("port", 5432);
            case "athena" -> field(details, "region_name", "eu-west-1");
            case "fabric" -> field(details, "server", "shop.datawarehouse.fabric.microsoft.com");
            default -> {
                field(details, "host", adapter + ".example.com");
                field(details, "port", "443");
            }
        }
        return json;
    }

    /** The configuration of such a connection that is read by itself; a client's secret is a secret, which dbt Cloud does not show. */
    static ObjectNode config(String adapter) {
        ObjectNode config = Envelope.object();
        return switch (adapter) {
            case "snowflake" ->
                config.put("account", "acme-prod")
                        .put("database", "ANALYTICS")
                        .put("warehouse", "TRANSFORMING")
                        .put("oauth_client_secret", "**********");
            case "bigquery" -> config.put("project_id", "acme-prod");
            case "redshift" ->
                config.put("hostname", "shop.cabc123.eu-west-1.redshift.amazonaws.com")
                        .put("port", 5439)
                        .put("dbname", "analytics");
            case "postgres" ->
                config.put("hostname", "db.example.com").put("port", 5432).put("dbname", "analytics");
            case "athena" ->
                config.put("region_name", "eu-west-1")
                        .put("database", "awsdatacatalog")
                        .put("s3_staging_dir", "s3://shop/staging/");
            case "fabric" ->
                config.put("server", "shop.datawarehouse.fabric.microsoft.com").put("database", "analytics");
            case "databricks" ->
                config.put("host", "databricks.example.com").put("http_path", "/sql/1.0/warehouses/1");
            default -> config.put("host", adapter + ".example.com").put("port", 443);
        };
    }

    /** The fields of an adapter's connection are objects. */
    private static void field(ObjectNode details, String name, String value) {
        details.withObject("/connection_details").withObject("/fields").putObject(name).put("value", value);
    }

    private String database() {
        return switch (adapter) {
            case "snowflake" -> "ANALYTICS";
            case "bigquery" -> "acme-prod";
            case "athena" -> "awsdatacatalog";
            default -> "analytics";
        };
    }

    /** Adds what follows the metadata of a manifest. */
    void manifest(ObjectNode json, boolean isFusion) {
        ObjectNode metadata = (ObjectNode) json.path("metadata");
        metadata.put("adapter_type", adapter).put("project_name", NAME);
        ObjectNode all = json.putObject("nodes");
        ObjectNode sources = json.putObject("sources");
        for (Node node : nodes) {
            boolean isSource = node.type().equals("source");
            ObjectNode row = (isSource ? sources : all).putObject(node.id());
            row.put("unique_id", node.id())
                    .put("resource_type", node.type())
                    .put("package_name", NAME)
                    .put("name", node.name())
                    .put("database", database())
                    .put("schema", isSource ? "raw" : "dbt_prod");
            if (isSource) {
                row.put("identifier", node.name()).put("description", "Raw " + node.name());
            } else {
                node(row, node, isFusion);
            }
            ObjectNode columns = row.putObject("columns");
            node.columns().forEach(column -> columns.putObject(column)
                    .put("name", column)
                    .put("description", "The " + column.replace('_', ' '))
                    .putNull("data_type"));
        }
        json.putObject("macros");
        json.putObject("exposures")
                .putObject("exposure." + NAME + ".weekly")
                .put("unique_id", "exposure." + NAME + ".weekly")
                .put("type", "dashboard")
                .putObject("depends_on")
                .putArray("nodes")
                .add(model("customers"));
        json.putObject("groups")
                .putObject("group." + NAME + ".finance")
                .put("name", "finance")
                .putObject("owner")
                .put("name", "Finance data")
                .put("email", "finance@example.com");
        json.putObject("parent_map");
        json.putObject("child_map");
    }

    private void node(ObjectNode row, Node node, boolean isFusion) {
        boolean isTest = node.type().equals("test");
        row.put("alias", node.name())
                .put("original_file_path", (isTest ? "models/schema" : "models/" + node.name()) + (isTest ? ".yml" : ".sql"))
                .put("language", "sql");
        if (!isFusion) {
            row.put("compiled", true);
        }
        row.put("compiled_code", "select * from " + String.join(", ", node.parents().stream().map(DbtProject::table).toList()));
        if (!isTest) {
            row.put("description", "One row for each of " + node.name()).put("group", "finance");
            row.putArray("tags").add("nightly");
        }
        ObjectNode config = row.putObject("config").put("materialized", node.materialized());
        ArrayNode parents = row.putObject("depends_on").putArray("nodes");
        node.parents().forEach(parents::add);
        if (isTest) {
            config.put("severity", "ERROR");
            row.put("attached_node", node.tested()).put("column_name", node.column());
            row.putObject("test_metadata").put("name", node.test());
        }
    }

    private static String table(String id) {
        return id.substring(id.lastIndexOf('.') + 1);
    }

    /** Adds what follows the metadata of a catalog: tables and views, with their columns as the database has them. */
    void catalog(ObjectNode json) {
        ObjectNode all = json.putObject("nodes");
        ObjectNode sources = json.putObject("sources");
        nodes.stream()
                .filter(node -> !List.of("test", "ephemeral").contains(node.materialized()))
                .forEach(node -> {
                    ObjectNode row = (node.type().equals("source") ? sources : all).putObject(node.id());
                    row.put("unique_id", node.id());
                    row.putObject("metadata")
                            .put("type", node.materialized().equals("view") ? "VIEW" : "BASE TABLE")
                            .put("schema", "dbt_prod")
                            .put("name", node.name());
                    ObjectNode columns = row.putObject("columns");
                    for (int i = 0; i < node.columns().size(); i++) {
                        String column = node.columns().get(i);
                        columns.putObject(column)
                                .put("name", column)
                                .put("type", column.endsWith("id") || column.equals("orders") ? "bigint" : "text")
                                .put("index", i + 1)
                                .putNull("comment");
                    }
                    row.putObject("stats")
                            .putObject("row_count")
                            .put("id", "row_count")
                            .put("value", 99.0)
                            .put("include", true);
                });
        json.putNull("errors");
    }

    /** The ids that dbt runs, with what the plan says of some of them; those that only the plan has come last. */
    static Stream<FailingNode> results(DbtProject project, List<FailingNode> planned) {
        Map<String, FailingNode> byId = new LinkedHashMap<>();
        project.run().forEach(id -> byId.put(id, new FailingNode(id, id.startsWith("test.") ? "pass" : "success", "SELECT 99")));
        planned.forEach(node -> byId.put(node.uniqueId(), node));
        return byId.values().stream();
    }
}

package org.dbtrelay.lineage.tell;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The artifacts of a jaffle shop, in the shape that dbt publishes, with fixed times. The parts of the files stand by themselves. */
@SuppressWarnings("InlineFormatString")
final class JaffleShop implements StepArtifacts {

    private static final String METADATA = """
            "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/%s.json", "dbt_version": "%s",
              "generated_at": "2026-11-29T12:01:30.5Z", "invocation_id": "0f5a2c1e-7b1d-4c55-9a52-0d3d1d6b1c11",
              "env": {"DBT_CLOUD_RUN_ID": "70403110257797"}%s}""";

    private static final String NODE = """
            "%1$s": {"unique_id": "%1$s", "resource_type": "%2$s", "name": "%3$s", "alias": "%3$s", "database": "%4$s",
              "schema": "prod", "package_name": "shop", "original_file_path": "models/%3$s.sql", "language": "sql",
              "description": "One row for each of %3$s", "raw_code": "select {{ 1 }}", "compiled_code": "select * from t -- %3$s",
              "tags": ["nightly"], "group": "finance", "config": {"materialized": "%5$s", "group": "finance"},
              "columns": {"id": {"name": "id", "description": "The key", "data_type": null}},
              "depends_on": {"macros": ["macro.dbt.x"], "nodes": [%6$s]}, "unrendered_config": {"a": [{"b": {}}]}}""";

    private static final String SOURCE = """
            "%1$s": {"unique_id": "%1$s", "resource_type": "source", "name": "%2$s", "identifier": "%2$s", "database": "%3$s",
              "schema": "raw", "source_name": "raw", "columns": {}, "description": "Raw %2$s"}""";

    private static final String TEST = """
            "%1$s": {"unique_id": "%1$s", "resource_type": "test", "name": "%2$s", "column_name": %5$s, "database": "%3$s",
              "schema": "prod_dbt_test__audit", "attached_node": %4$s, "config": {"severity": "%7$s", "materialized": "test"},
              "test_metadata": {"name": "%2$s", "kwargs": {"column_name": %5$s}},
              "depends_on": {"nodes": [%6$s]}, "compiled_code": "select 1"}""";

    private static final String ROW = """
            {"unique_id": "%s", "status": "%s", "message": %s, "failures": %s, "execution_time": 1.5, "thread_id": "Thread-1",
             "timing": [{"name": "compile", "started_at": "2026-11-29T12:01:%3$s.1Z", "completed_at": "2026-11-29T12:01:%3$s.2Z"},
                        {"name": "execute", "started_at": "2026-11-29T12:01:%3$s.2Z", "completed_at": "2026-11-29T12:01:%3$s.9Z"}],
             "adapter_response": {%s}, "compiled": true, "compiled_code": "select 1", "relation_name": "x"}""";

    private final Map<String, byte[]> files = new HashMap<>();
    private final StringBuilder nodes = new StringBuilder();
    private final StringBuilder sources = new StringBuilder();
    private final StringBuilder rows = new StringBuilder();
    private final StringBuilder tables = new StringBuilder();
    private final String adapter;
    private final String database;
    private boolean isFusion;
    private int second = 10;

    JaffleShop(String adapter, String database) {
        this.adapter = adapter;
        this.database = database;
    }

    /** By dbt v2. */
    JaffleShop fusion() {
        isFusion = true;
        return this;
    }

    JaffleShop source(String name) {
        String id = "source.shop.raw." + name;
        add(sources, SOURCE.formatted(id, name, database));
        add(tables, """
                "%s": {"unique_id": "%1$s", "metadata": {"type": "BASE TABLE", "schema": "raw", "name": "%s"},
                  "columns": {"NAME": {"name": "NAME", "type": "text", "index": 2, "comment": null},
                    "ID": {"name": "ID", "type": "bigint", "index": 1, "comment": "of the source"}}, "stats": {}}""".formatted(id, name));
        return this;
    }

    /** A node that was run, and ended so. */
    JaffleShop node(String id, String materialized, String status, String... parents) {
        ofManifest(id, materialized, parents);
        result(
                id,
                status,
                status.equals("error") ? "\"Database Error in %s: no such column\"".formatted(id) : "\"SELECT 99\"",
                status.equals("success") ? "\"rows_affected\": 99, \"query_id\": \"01b2-%d\"".formatted(second) : "");
        String table = """
                "%s": {"unique_id": "%1$s", "metadata": {"type": "BASE TABLE", "schema": "prod", "name": "x"},
                  "columns": {"ID": {"name": "ID", "type": "NUMBER(38,0)", "index": 1, "comment": null}},
                  "stats": {"row_count": {"id": "row_count", "label": "Rows", "value": 99.0, "include": true},
                            "bytes": {"id": "bytes", "value": 4096, "include": true},
                            "has_stats": {"id": "has_stats", "value": true, "include": false}}}""";
        add(tables, table.formatted(id));
        return this;
    }

    /** A node that was not run. */
    JaffleShop ofManifest(String id, String materialized, String... parents) {
        String type = id.substring(0, id.indexOf('.'));
        String name = id.substring(id.lastIndexOf('.') + 1);
        add(nodes, NODE.formatted(id, type, name, database, materialized, quoted(parents)));
        return this;
    }

    JaffleShop test(String name, String tested, String column, String severity, String status, String... parents) {
        String id = "test.shop." + name + "_" + tested.substring(tested.lastIndexOf('.') + 1) + ".5c9bf9911d";
        add(
                nodes,
                TEST.formatted(
                        id, name, database, "\"" + tested + "\"", "\"" + column + "\"", quoted(parents), severity));
        boolean found = status.equals("fail") || status.equals("warn");
        result(id, status, found ? "\"Got 3 results, configured to fail if != 0\"" : "null", "");
        return this;
    }

    private void result(String id, String status, String message, String response) {
        boolean ran = !status.equals("skipped");
        String row = ROW.replace("%3$s", Integer.toString(second))
                .formatted(id, status, message, message.startsWith("\"Got") ? "3" : "null", response);
        second++;
        add(rows, ran ? row : row.replaceAll("(?s)\"timing\": \\[.*?\\]", "\"timing\": []"));
    }

    private static String quoted(String... ids) {
        return ids.length == 0 ? "" : "\"" + String.join("\", \"", ids) + "\"";
    }

    private static void add(StringBuilder to, String item) {
        to.append(to.isEmpty() ? "" : ",\n").append(item);
    }

    /** Puts another file in the place of one; null: there is none. */
    JaffleShop with(String path, String text) {
        files.put(path, text == null ? new byte[0] : text.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    String manifest() {
        String more = ", \"adapter_type\": \"%s\", \"project_name\": \"shop\"".formatted(adapter);
        return """
                {%s, "nodes": {%s}, "sources": {%s}, "macros": {"macro.dbt.x": {"macro_sql": "{}"}},
                 "exposures": {"exposure.shop.weekly": {"depends_on": {"nodes": ["model.shop.orders"]}, "owner": {"name": "x"}}},
                 "groups": {"group.shop.finance": {"name": "finance", "owner": {"email": "finance@example.com", "name": "Finance"}}},
                 "parent_map": {}, "child_map": {}, "unit_tests": {}}""".formatted(metadata(isFusion ? "manifest/v20" : "manifest/v12", more), nodes, sources);
    }

    String runResults() {
        return "{%s, \"results\": [%s], \"elapsed_time\": 20.5, \"args\": {\"which\": \"build\"}}"
                .formatted(metadata("run-results/v6", ""), rows);
    }

    String catalog() {
        return "{%s, \"nodes\": {%s}, \"sources\": {}, \"errors\": null}".formatted(metadata("catalog/v1", ""), tables);
    }

    private String metadata(String schema, String more) {
        return METADATA.formatted(schema, isFusion ? "2.0.5" : "1.11.2", more);
    }

    @Override
    public Optional<InputStream> open(String path, int step) throws IOException {
        byte[] file = files.computeIfAbsent(path, name -> switch (name) {
            case "manifest.json" -> bytes(manifest());
            case "run_results.json" -> bytes(runResults());
            case "catalog.json" -> bytes(catalog());
            default -> throw new AssertionError("nobody asks for " + name);
        });
        return file.length == 0 ? Optional.empty() : Optional.of(new ByteArrayInputStream(file));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** The project as it was built well, with a test that warns. */
    static JaffleShop standard(String adapter, String database) {
        return new JaffleShop(adapter, database)
                .source("orders")
                .source("customers")
                .node("seed.shop.countries", "seed", "success")
                .node("model.shop.customers", "table", "success", "model.shop.stg_customers", "model.shop.int_orders")
                .node("model.shop.stg_customers", "view", "success", "source.shop.raw.customers", "seed.shop.countries")
                .ofManifest("model.shop.int_orders", "ephemeral", "model.shop.orders", "model.shop.int_base")
                .ofManifest("model.shop.int_base", "ephemeral", "source.shop.raw.orders")
                .node("model.shop.orders", "incremental", "success", "source.shop.raw.orders")
                .test("not_null", "model.shop.customers", "id", "ERROR", "pass", "model.shop.customers")
                .test("unique", "model.shop.customers", "id", "WARN", "warn", "model.shop.customers");
    }
}

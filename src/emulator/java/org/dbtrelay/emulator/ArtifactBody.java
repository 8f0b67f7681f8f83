package org.dbtrelay.emulator;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Small bodies of dbt's own artifacts, in the shape that dbt writes. */
final class ArtifactBody {
    private static final List<String> MODELS = List.of("model.jaffle_shop.customers", "model.jaffle_shop.orders");

    private ArtifactBody() {}

    static Content of(String path, RunView run, StepView step) {
        if (path.endsWith(".parquet")) {
            // Nobody reads it here: its magic number, and nothing in between.
            return new Content.Bytes("PAR1PAR1".getBytes(StandardCharsets.US_ASCII));
        }
        ObjectNode json = Envelope.object();
        switch (path) {
            case "run_results.json" -> runResults(json, run, step);
            case "catalog.json" -> catalog(json, run, step);
            case "sources.json" -> sources(json, run, step);
            default -> manifest(json, run, step);
        }
        return new Content.Bytes(Envelope.bytes(json));
    }

    private static void metadata(ObjectNode json, String schema, RunView run, StepView step) {
        ObjectNode metadata = json.putObject("metadata");
        metadata.put("dbt_schema_version", "https://schemas.getdbt.com/dbt/" + schema + ".json");
        metadata.put("dbt_version", isFusion(run) ? "2.0.5" : "2026.11.1");
        metadata.put("generated_at", generatedAt(step));
        String seed = "invocation of step " + step.id();
        metadata.put(
                "invocation_id",
                UUID.nameUUIDFromBytes(seed.getBytes(StandardCharsets.UTF_8)).toString());
        metadata.putObject("env")
                .put("DBT_CLOUD_PROJECT_ID", Long.toString(run.job().projectId()))
                .put("DBT_CLOUD_RUN_ID", Long.toString(run.id()))
                .put("DBT_CLOUD_JOB_ID", Long.toString(run.jobId()))
                .put("DBT_CLOUD_RUN_REASON", run.cause())
                .put("DBT_CLOUD_RUN_REASON_CATEGORY", run.trigger().category());
    }

    private static boolean isFusion(RunView run) {
        return run.plan().engine() == RunPlan.Engine.FUSION;
    }

    private static String generatedAt(StepView step) {
        if (step.finishedAt() == null) {
            return step.startedAt().toString();
        }
        // dbt writes its files before its step ends, and the next one begins.
        Instant written = step.finishedAt().minusMillis(1);
        return (written.isBefore(step.startedAt()) ? step.startedAt() : written).toString();
    }

    private static void runResults(ObjectNode json, RunView run, StepView step) {
        metadata(json, "run-results/v6", run, step);
        ArrayNode results = json.putArray("results");
        @Nullable DbtProject project = run.plan().project();
        if (project != null) {
            List<FailingNode> planned = Stream.concat(
                            failingNodes(run, step).stream(), run.plan().nodes().stream())
                    .toList();
            DbtProject.results(project, planned)
                    .forEach(node -> result(results, step, node.uniqueId(), node.status(), node.message()));
            return;
        }
        List<FailingNode> failing = failingNodes(run, step);
        for (String model : MODELS) {
            if (failing.stream().noneMatch(node -> node.uniqueId().equals(model))) {
                result(results, step, model, "success", "SELECT 99");
            }
        }
        for (FailingNode node : failing) {
            // Fusion lacks nodes with errors (dbt-labs/dbt-fusion issue 1130).
            if (!isFusion(run) || !node.status().equals("error")) {
                result(results, step, node.uniqueId(), node.status(), node.message());
            }
        }
        for (FailingNode node : run.plan().nodes()) {
            result(results, step, node.uniqueId(), node.status(), node.message());
        }
        if (isFusion(run)) {
            // It leaves out messages, and fields without a value (issue 1437).
            results.forEach(row -> ((ObjectNode) row).remove(List.of("message", "failures")));
        }
        json.put("elapsed_time", 4.25);
        String command = Objects.requireNonNull(step.command(), "only a dbt command has run results");
        String which = command.replaceFirst("^dbt ", "");
        json.putObject("args")
                .put("which", which.replaceFirst(" -.*", ""))
                .put("rpc_method", which.replaceFirst(" -.*", "").replace(' ', '.'))
                .put("invocation_command", command);
    }

    static List<FailingNode> failingNodes(RunView run, StepView step) {
        if (step.status() != RunStatus.ERROR) {
            return List.of();
        }
        List<FailingNode> planned = run.plan().failingNodes();
        return planned.isEmpty()
                ? List.of(new FailingNode(MODELS.getLast(), "error", run.plan().failureMessage()))
                : planned;
    }

    private static void result(ArrayNode results, StepView step, String node, String status, String message) {
        ObjectNode result = results.addObject();
        result.put("status", status);
        ArrayNode timing = result.putArray("timing");
        timing.addObject()
                .put("name", "compile")
                .put("started_at", step.startedAt().toString())
                .put("completed_at", step.startedAt().toString());
        timing.addObject()
                .put("name", "execute")
                .put("started_at", step.startedAt().toString())
                .put("completed_at", generatedAt(step));
        result.put("thread_id", "Thread-1");
        result.put("execution_time", 2.125);
        result.putObject("adapter_response").put("_message", message);
        result.put("message", message);
        result.putNull("failures");
        result.put("unique_id", node);
    }

    private static void manifest(ObjectNode json, RunView run, StepView step) {
        metadata(json, isFusion(run) ? "manifest/v20" : "manifest/v12", run, step);
        if (run.plan().project() != null) {
            run.plan().project().manifest(json, isFusion(run));
            return;
        }
        ObjectNode nodes = json.putObject("nodes");
        RunPlan plan = run.plan();
        Stream.of(MODELS.stream(), plan.failingNodes().stream().map(FailingNode::uniqueId), plan.nodes().stream()
                        .map(FailingNode::uniqueId))
                .flatMap(ids -> ids)
                .distinct()
                .forEach(id -> nodes.putObject(id)
                        .put("unique_id", id)
                        .put("resource_type", id.substring(0, Math.max(0, id.indexOf('.'))))
                        .put("name", id.substring(id.lastIndexOf('.') + 1))
                        .put("package_name", "jaffle_shop")
                        .put("group", "finance"));
        json.putObject("sources");
        json.putObject("macros");
        json.putObject("groups")
                .putObject("group.jaffle_shop.finance")
                .put("name", "finance")
                .putObject("owner")
                .put("name", "Finance data")
                .put("email", "finance@example.com");
        json.putObject("parent_map");
        json.putObject("child_map");
    }

    private static void catalog(ObjectNode json, RunView run, StepView step) {
        metadata(json, "catalog/v1", run, step);
        if (run.plan().project() != null) {
            run.plan().project().catalog(json);
            return;
        }
        ObjectNode nodes = json.putObject("nodes");
        for (String model : MODELS) {
            ObjectNode node = nodes.putObject(model);
            node.putObject("metadata").put("type", "table").put("schema", "analytics");
            node.putObject("columns").putObject("id").put("type", "bigint").put("index", 1);
            node.put("unique_id", model);
        }
        json.putObject("sources");
        json.putNull("errors");
    }

    private static void sources(ObjectNode json, RunView run, StepView step) {
        metadata(json, "sources/v3", run, step);
        json.putArray("results")
                .addObject()
                .put("unique_id", "source.jaffle_shop.raw.orders")
                .put("status", "pass")
                .put("max_loaded_at", step.startedAt().toString());
        json.put("elapsed_time", 0.5);
    }
}

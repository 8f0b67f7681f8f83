package org.dbtrelay.emulator;

import com.fasterxml.jackson.databind.JsonNode;

/** Reads a plan that another process describes in JSON, in the names of {@link RunPlan}; what is left out stays usual. */
final class PlanJson {
    private PlanJson() {}

    static RunPlan read(JsonNode json) {
        RunPlan plan = RunPlan.succeeding();
        if (json.hasNonNull("failing_step")) {
            plan = RunPlan.failing(
                    json.path("failing_step").asText(),
                    json.path("failure_message").asText("It failed"));
        }
        if (json.hasNonNull("transient_failure")) {
            plan = TransientFailure.named(json.path("transient_failure").asText())
                    .map(RunPlan::failing)
                    .orElse(plan);
        }
        plan = plan.failsAgain(json.path("fails_again").asInt(0));
        if (json.hasNonNull("end")) {
            String message = json.hasNonNull("status_message")
                    ? json.path("status_message").asText()
                    : null;
            plan = plan.endingAs(RunStatus.of(json.path("end").asInt()), message);
        }
        if (json.hasNonNull("queued")) {
            plan = plan.queued(FaultJson.duration(json, "queued"));
        }
        if (json.hasNonNull("starting")) {
            plan = plan.starting(FaultJson.duration(json, "starting"));
        }
        if (json.has("running")) {
            plan = plan.running(json.path("running").isNull() ? null : FaultJson.duration(json, "running"));
        }
        plan = plan.artifactsSavedAfter(FaultJson.duration(json, "artifacts_saved_after"))
                .artifactsReadableAfter(FaultJson.duration(json, "artifacts_readable_after"))
                .logsAfter(FaultJson.duration(json, "logs_after"));
        for (JsonNode node : json.path("failing_nodes")) {
            plan = plan.failingNode(
                    node.path("unique_id").asText(),
                    node.path("status").asText("error"),
                    node.path("message").asText());
        }
        for (JsonNode node : json.path("nodes")) {
            plan = plan.node(
                    node.path("unique_id").asText(),
                    node.path("status").asText("success"),
                    node.path("message").asText());
        }
        if (json.hasNonNull("still_running")) {
            plan = plan.stillRunning(FaultJson.duration(json, "still_running"));
        }
        plan = plan.stepsAfter(FaultJson.duration(json, "steps_after"));
        if (json.path("engine").asText().equals("fusion")) {
            plan = plan.fusion();
        }
        for (JsonNode artifact : json.path("artifacts")) {
            String path = artifact.path("path").asText();
            plan = plan.artifact(
                    artifact.has("size")
                            ? PlannedArtifact.ofSize(path, artifact.path("size").asLong())
                            : PlannedArtifact.text(path, artifact.path("text").asText()));
        }
        for (JsonNode path : json.path("missing_artifacts")) {
            plan = plan.withoutArtifact(path.asText());
        }
        return plan;
    }
}

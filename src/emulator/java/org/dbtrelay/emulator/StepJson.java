package org.dbtrelay.emulator;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;

/** A step as dbt Cloud's {@code RunStepResponse}, and its logs. */
final class StepJson {
    private static final int TRUNCATED_LINES = 1000;

    private StepJson() {}

    static ObjectNode of(StepView step, RunView run, boolean wholeDebugLogs) {
        ObjectNode json = Envelope.object();
        Instant end = step.finishedAt() == null ? run.seenAt() : step.finishedAt();
        Duration duration = Duration.between(step.startedAt(), end);
        json.put("id", step.id());
        json.put("run_id", step.runId());
        json.put("account_id", run.job().accountId());
        json.put("index", step.index());
        json.put("status", step.status().code());
        json.put("name", step.name());
        json.put("logs", step.logsReady() ? logs(step, run) : "");
        json.put("debug_logs", step.logsReady() && wholeDebugLogs ? debugLogs(step, run, Integer.MAX_VALUE) : "");
        json.put("log_location", "legacy");
        json.putNull("log_path");
        json.putNull("debug_log_path");
        json.put("log_archive_type", "db_flushed");
        json.put("truncated_debug_logs", step.logsReady() ? debugLogs(step, run, TRUNCATED_LINES) : "");
        json.put("created_at", Humanized.spaced(step.startedAt()));
        json.put("updated_at", Humanized.spaced(end));
        json.put("started_at", Humanized.spaced(step.startedAt()));
        json.put("finished_at", Humanized.spaced(step.finishedAt()));
        json.put("status_color", color(step.status()));
        json.put("status_humanized", step.status().humanized());
        json.put("duration", Humanized.clock(duration));
        json.put("duration_humanized", Humanized.duration(duration));
        if (step.command() == null) {
            json.putNull("run_step_command");
        } else {
            json.putObject("run_step_command").put("run_step_id", step.id()).put("dbt_command", step.command());
        }
        json.putNull("run_step_invocation");
        return json;
    }

    private static String logs(StepView step, RunView run) {
        if (step.command() == null) {
            return step.failure() != null ? step.failure() + "\n" : step.name() + "\n";
        }
        if (run.plan().engine() == RunPlan.Engine.FUSION) {
            return otel(step, run);
        }
        StringBuilder log = new StringBuilder();
        log.append("Running with dbt=2026.11.1\n");
        if (step.status() == RunStatus.ERROR) {
            log.append("\nCompleted with 1 error, 0 partial successes, and 0 warnings:\n\n");
            log.append("  ").append(step.failure()).append("\n\n");
            for (FailingNode node : run.plan().failingNodes()) {
                log.append("  ")
                        .append(node.status())
                        .append(" in ")
                        .append(node.uniqueId())
                        .append('\n');
                log.append("  ").append(node.message()).append('\n');
            }
            log.append("Done. PASS=1 WARN=0 ERROR=1 SKIP=0 TOTAL=2\n");
        } else if (step.status() == RunStatus.SUCCESS) {
            log.append("Completed successfully\nDone. PASS=2 WARN=0 ERROR=0 SKIP=0 TOTAL=2\n");
        }
        return log.toString();
    }

    /** OTel as lines of JSON, in the fields that docs.getdbt.com ("Telemetry and observability") and dbt Labs' schema name. */
    private static String otel(StepView step, RunView run) {
        StringBuilder log = new StringBuilder();
        for (FailingNode node : ArtifactBody.failingNodes(run, step)) {
            boolean test = node.status().equals("fail");
            if (!test && !node.status().equals("error")) {
                continue;
            }
            ObjectNode message = Envelope.object();
            message.put("record_type", "LogRecord").put("severity_text", "ERROR").put("body", node.message());
            message.put("event_type", "v1.public.events.fusion.log.LogMessage");
            message.putObject("attributes").put("unique_id", node.uniqueId());
            log.append(message).append('\n');
            ObjectNode end = Envelope.object();
            end.put("record_type", "SpanEnd").put("severity_text", "INFO");
            end.put("event_type", "v1.public.events.fusion.node.NodeProcessed");
            ObjectNode attributes = end.putObject("attributes");
            attributes.put("unique_id", node.uniqueId());
            attributes.put("node_outcome", test ? "NODE_OUTCOME_SUCCESS" : "NODE_OUTCOME_ERROR");
            if (test) {
                attributes
                        .putObject("node_test_detail")
                        .put("test_outcome", "TEST_OUTCOME_FAILED")
                        .put("failing_rows", 3);
            }
            log.append(end).append('\n');
        }
        ObjectNode invocation = Envelope.object();
        invocation.put("record_type", "SpanEnd").put("severity_text", "INFO");
        invocation.put("event_type", "v1.public.events.fusion.invocation.Invocation");
        invocation.putObject("attributes").put("raw_command", step.command());
        return log.append(invocation).append('\n').toString();
    }

    private static String debugLogs(StepView step, RunView run, int most) {
        if (step.command() == null) {
            return "";
        }
        int lines = run.plan().debugLogLines();
        StringBuilder log = new StringBuilder();
        for (int line = Math.max(1, lines - most + 1); line <= lines; line++) {
            log.append("[debug] [MainThread]: line ")
                    .append(line)
                    .append(" of ")
                    .append(step.command())
                    .append('\n');
        }
        return log.toString();
    }

    private static String color(RunStatus status) {
        return switch (status) {
            case SUCCESS -> "#48c744";
            case ERROR -> "#d14";
            case QUEUED, STARTING, RUNNING, CANCELLED -> "#999999";
        };
    }
}

package org.dbtrelay.sim;

/** A run as the simulated dbt Cloud writes it. */
final class SimRunJson {

    private final World world;

    SimRunJson(World world) {
        this.world = world;
    }

    /**
     * The run at a time.
     *
     * @param newest the newest run of its job that is visible; null: none is
     * @param whole with trigger, job and steps
     * @param hidesRetries it is not told that it resumes another
     */
    String of(SimRun run, SimRun newest, long time, boolean whole, boolean hidesRetries) {
        int status = run.statusAt(time);
        boolean ended = status >= 10;
        String whyNot = whyNot(run, newest, time);
        StringBuilder text = new StringBuilder(500);
        text.append("{\"id\":").append(run.id);
        text.append(",\"account_id\":").append(SimConfig.ACCOUNT);
        text.append(",\"project_id\":11,\"environment_id\":21,\"job_definition_id\":")
                .append(run.jobId);
        text.append(",\"status\":").append(status);
        text.append(",\"status_message\":").append(message(run, status, time));
        text.append(",\"created_at\":").append(time(run.createdAt));
        boolean started = time >= run.startingAt && run.startingAt < run.cancelledAt;
        text.append(",\"started_at\":").append(started ? time(run.startingAt) : "null");
        text.append(",\"finished_at\":").append(ended ? time(run.endedAt()) : "null");
        text.append(",\"artifacts_saved\":").append(ended && time >= run.savedAt);
        text.append(",\"retrying_run_id\":").append(hidesRetries ? null : run.retryOf);
        text.append(",\"can_retry\":").append(whyNot == null);
        text.append(",\"retry_not_supported_reason\":").append(whyNot == null ? "null" : "\"" + whyNot + "\"");
        if (whole) {
            text.append(",\"trigger\":{\"cause\":\"").append(run.cause).append("\"}");
            text.append(",\"job\":{\"id\":")
                    .append(run.jobId)
                    .append(",\"name\":\"J")
                    .append(run.jobId)
                    .append("\"}");
            text.append(",\"run_steps\":[");
        }
        if (whole && run.hasStepsAt(time)) {
            text.append("{\"index\":1,\"status\":")
                    .append(status < 20 ? 10 : run.isStepSettledAt(time) ? status : 3)
                    .append(",\"name\":\"Invoke dbt with `dbt build`\",\"logs\":\"")
                    .append(run.hasLogAt(time) ? "x".repeat(logLength(status)) : "")
                    .append("\"}");
            if (ended && run.hasDocs()) {
                text.append(
                        ",{\"index\":2,\"status\":10,\"name\":\"Invoke dbt with `dbt docs generate`\",\"logs\":\"x\"}");
            }
        }
        text.append(whole ? "]" : "");
        return text.append('}').toString();
    }

    private static String message(SimRun run, int status, long time) {
        return status != 30 ? "null" : run.timedOutAt(time) ? "\"This run timed out.\"" : "\"Cancelled by user.\"";
    }

    private int logLength(int status) {
        return status == 20 && world.plan().maxEventBytes() < 10_000 ? 4_000 : 4;
    }

    /** dbt Cloud's word for why a run cannot be retried; null: it can. */
    String whyNot(SimRun run, SimRun newest, long time) {
        if (run.statusAt(time) != 20) {
            return "RETRY_NOT_FAILED_RUN";
        }
        return newest == null || newest.id <= run.id ? run.notRetryable : "RETRY_NOT_LATEST_RUN";
    }

    private static String time(long nanos) {
        return "\"" + SimTime.EPOCH.plusNanos(nanos) + "\"";
    }
}

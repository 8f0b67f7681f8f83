package org.dbtrelay.dbtcloud.runs;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.dbtrelay.dbtcloud.http.Envelope;
import org.dbtrelay.run.job.JobRunStatus;

/**
 * Which runs to list, and how. Each method gives a narrower copy; what is not said is not sent. Arrays are sent as JSON arrays,
 * the one form that was seen to work for all filters of dbt Cloud.
 */
public final class JobRunFilter {

    /** The related objects that a list of runs can include; the rest ({@code run_steps} and others) only a single run can. */
    public static final Set<String> LISTED = Set.of("trigger", "job", "audit", "debug_logs");

    private static final JobRunFilter ALL = new JobRunFilter(Map.of());

    private final Map<String, String> parameters;

    private JobRunFilter(Map<String, String> parameters) {
        this.parameters = Map.copyOf(parameters);
    }

    /** All runs, oldest first: dbt Cloud's own order. */
    public static JobRunFilter all() {
        return ALL;
    }

    /** Only runs of the job. */
    public JobRunFilter job(long jobId) {
        return parameter("job_definition_id", Long.toString(jobId));
    }

    /** Only runs of jobs of the project. */
    public JobRunFilter project(long projectId) {
        return parameter("project_id", Long.toString(projectId));
    }

    /** Only runs of jobs of the environment. */
    public JobRunFilter environment(long environmentId) {
        return parameter("environment_id", Long.toString(environmentId));
    }

    /** Only runs that have one of the statuses. */
    public JobRunFilter statusIn(Collection<? extends JobRunStatus> statuses) {
        return parameter(
                "status__in", json(statuses.stream().map(JobRunStatus::code).toList()));
    }

    /** Only runs that were created between the two, both included. */
    public JobRunFilter createdBetween(Instant from, Instant to) {
        return parameter("created_at__range", json(List.of(from.toString(), to.toString())));
    }

    /** Only runs that ended between the two, both included. */
    public JobRunFilter finishedBetween(Instant from, Instant to) {
        return parameter("finished_at__range", json(List.of(from.toString(), to.toString())));
    }

    /** Only runs with an id above this one. */
    public JobRunFilter idGreaterThan(long runId) {
        return parameter("id__gt", Long.toString(runId));
    }

    /** Only these runs. */
    public JobRunFilter ids(Collection<Long> runIds) {
        return parameter("pk__in", json(runIds));
    }

    /**
     * The order: {@code id}, {@code created_at} or {@code finished_at}, with a minus in front for the newest first. Only by {@code
     * id} a list cannot shift while it is read.
     */
    public JobRunFilter orderBy(String order) {
        return parameter("order_by", order);
    }

    /** With more of each run, see {@link #LISTED}. */
    public JobRunFilter include(Collection<String> related) {
        return related.isEmpty() ? this : parameter("include_related", String.join(",", related));
    }

    /**
     * Any other filter of dbt Cloud's; it answers 400 to those that it does not know.
     *
     * @throws IllegalArgumentException for {@code limit} and {@code offset}, which are the list's own
     */
    public JobRunFilter parameter(String name, String value) {
        if (name.equals("limit") || name.equals("offset")) {
            throw new IllegalArgumentException("pages are the list's own business: " + name);
        }
        Map<String, String> more = new TreeMap<>(parameters);
        more.put(name, value);
        return new JobRunFilter(more);
    }

    Map<String, String> parameters() {
        return parameters;
    }

    private static String json(Object value) {
        try {
            return Envelope.JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("numbers and texts can be written", e);
        }
    }
}

package org.dbtrelay.dbtcloud.runs;

import io.smallrye.mutiny.Uni;
import java.io.InputStream;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.dbtrelay.dbtcloud.http.DbtCloudApi;
import org.dbtrelay.dbtcloud.paging.Listing;
import org.dbtrelay.run.job.RunSnapshot;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/**
 * One request for a page of runs. Array filters are JSON arrays: the specification gives no encoding, and this one is known to
 * work for {@code status__in}.
 *
 * @param jobId the job whose runs are listed; null: all of the account
 * @param parameters dbt Cloud's own
 */
record RunQuery(@Nullable Long jobId, Map<String, String> parameters) {

    private static final String IN_FLIGHT = "[1,2,3]";
    private static final String ID_ABOVE = "id__gt";
    private static final String OFFSET = "offset";

    RunQuery {
        parameters = Map.copyOf(parameters);
    }

    /** The runs with these ids. */
    static RunQuery withIds(Collection<Long> ids) {
        String array = ids.stream().map(String::valueOf).collect(Collectors.joining(",", "[", "]"));
        return upwards(null).with("pk__in", array);
    }

    /** The account's runs in flight above an id, oldest first: new runs do not shift this cursor. */
    static RunQuery inFlightAbove(long id) {
        return upwards(null).with("status__in", IN_FLIGHT).with(ID_ABOVE, id);
    }

    /** The job's runs in flight, oldest first. */
    static RunQuery inFlightOfJob(long jobId) {
        return upwards(jobId).with("status__in", IN_FLIGHT).with(ID_ABOVE, 0);
    }

    /** The job's runs above an id, oldest first. */
    static RunQuery ofJobAbove(long jobId, long aboveId) {
        return upwards(jobId).with(ID_ABOVE, aboveId);
    }

    /** The account's runs above an id with their triggers and jobs, oldest first. */
    static RunQuery allAbove(long aboveId) {
        return upwards(null).with(ID_ABOVE, aboveId).with("include_related", "trigger,job");
    }

    /** The account's oldest run that was created within a time. */
    static RunQuery firstWithin(Instant from, Instant to) {
        return of(null, "id", 1).with("created_at__range", "[\"" + from + "\",\"" + to + "\"]");
    }

    /** The newest run of a job; of the account if {@code jobId} is null. */
    static RunQuery newest(@Nullable Long jobId) {
        return of(jobId, "-id", 1);
    }

    /** The runs of a job with their triggers, newest first; all of the account if {@code jobId} is null. */
    static RunQuery withTriggers(@Nullable Long jobId) {
        return of(jobId, "-id", Listing.LARGEST_PAGE)
                .with("include_related", "trigger")
                .with(OFFSET, 0);
    }

    Uni<RestResponse<InputStream>> on(DbtCloudApi api, long accountId) {
        return api.runs(accountId, parameters);
    }

    /** How many rows of the list come before this page, as far as it counts them. */
    int offset() {
        return Integer.parseInt(parameters.getOrDefault(OFFSET, "0"));
    }

    /** How many rows it asks for. */
    int limit() {
        return Integer.parseInt(parameters.getOrDefault("limit", "0"));
    }

    /** The query for the page after the given one, which answered this query; null after the last. */
    @Nullable
    RunQuery after(RunPage page) {
        if (page.isLast()) {
            return null;
        }
        String above = parameters.get(ID_ABOVE);
        if (above == null) {
            return with(OFFSET, offset() + page.rows());
        }
        long cursor = Long.parseLong(above);
        long last = page.runs().stream().mapToLong(RunSnapshot::runId).max().orElse(cursor);
        // A page against the order that was asked for leads no further: the same one would come for ever.
        return last > cursor ? with(ID_ABOVE, last) : null;
    }

    private static RunQuery upwards(@Nullable Long jobId) {
        return of(jobId, "id", Listing.LARGEST_PAGE);
    }

    private static RunQuery of(@Nullable Long jobId, String orderBy, int limit) {
        RunQuery all = new RunQuery(jobId, Map.of("order_by", orderBy, "limit", String.valueOf(limit)));
        return jobId == null ? all : all.with("job_definition_id", jobId);
    }

    private RunQuery with(String name, Object value) {
        Map<String, String> more = new TreeMap<>(parameters);
        more.put(name, value.toString());
        return new RunQuery(jobId, more);
    }
}

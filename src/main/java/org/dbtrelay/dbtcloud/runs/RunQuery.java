package org.dbtrelay.dbtcloud.runs;

import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.core.Response;
import java.util.Collection;
import java.util.stream.Collectors;
import org.dbtrelay.dbtcloud.http.DbtCloudApi;
import org.jspecify.annotations.Nullable;

/**
 * One request for a list of runs; what is null is left out. Array filters are JSON arrays: the specification gives no
 * encoding, and this is the one that was seen to work for {@code status__in}.
 */
public record RunQuery(
        @Nullable Long jobId,
        @Nullable String statusIn,
        @Nullable String pkIn,
        @Nullable Long idGreaterThan,
        @Nullable String includeRelated,
        String orderBy,
        int limit,
        @Nullable Integer offset) {

    /** dbt Cloud gives at most this many rows of a list at once. */
    public static final int LARGEST_PAGE = 100;

    private static final String IN_FLIGHT = "[1,2,3]";

    /** The runs with these ids. */
    static RunQuery withIds(Collection<Long> ids) {
        return new RunQuery(null, null, array(ids), null, null, "id", LARGEST_PAGE, null);
    }

    /** The account's runs in flight above an id, oldest first: a cursor that new runs do not shift. */
    static RunQuery inFlightAbove(long id) {
        return new RunQuery(null, IN_FLIGHT, null, id, null, "id", LARGEST_PAGE, null);
    }

    /** The job's runs in flight above an id, oldest first. */
    static RunQuery inFlightOfJob(long jobId, long aboveId) {
        return new RunQuery(jobId, IN_FLIGHT, null, aboveId, null, "id", LARGEST_PAGE, null);
    }

    /** The job's runs above an id, oldest first. */
    static RunQuery ofJobAbove(long jobId, long aboveId) {
        return new RunQuery(jobId, null, null, aboveId, null, "id", LARGEST_PAGE, null);
    }

    /** The account's newest run. */
    public static RunQuery newestOfAccount() {
        return new RunQuery(null, null, null, null, null, "-id", 1, null);
    }

    /** The job's runs, newest first. */
    static RunQuery newestOfJob(long jobId, int limit) {
        return new RunQuery(jobId, null, null, null, null, "-id", limit, null);
    }

    /** The job's runs with what triggered them, newest first. */
    static RunQuery newestOfJobWithTrigger(long jobId, int offset) {
        return new RunQuery(jobId, null, null, null, "trigger", "-id", LARGEST_PAGE, offset);
    }

    /** The account's runs with what triggered them, newest first. */
    static RunQuery newestOfAccountWithTrigger(int offset) {
        return new RunQuery(null, null, null, null, "trigger", "-id", LARGEST_PAGE, offset);
    }

    Uni<Response> on(DbtCloudApi api, long accountId) {
        return api.runs(accountId, jobId, statusIn, pkIn, idGreaterThan, includeRelated, orderBy, limit, offset);
    }

    private static String array(Collection<Long> ids) {
        return ids.stream().map(String::valueOf).collect(Collectors.joining(",", "[", "]"));
    }
}

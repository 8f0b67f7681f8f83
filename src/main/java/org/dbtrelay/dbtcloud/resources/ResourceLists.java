package org.dbtrelay.dbtcloud.resources;

import io.smallrye.mutiny.Uni;
import java.io.InputStream;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.http.ApiCalls;
import org.dbtrelay.dbtcloud.http.DbtCloudApi;
import org.dbtrelay.dbtcloud.http.Envelope;
import org.dbtrelay.dbtcloud.http.ReadRetries;
import org.dbtrelay.dbtcloud.paging.Listing;
import org.dbtrelay.dbtcloud.paging.Listing.Shape;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/** The lists of projects, environments and jobs. */
final class ResourceLists {

    private final ApiCalls calls;
    private final ReadRetries retries;
    private final Priority priority;

    ResourceLists(ApiCalls calls, ReadRetries retries, Priority priority) {
        this.calls = calls;
        this.retries = retries;
        this.priority = priority;
    }

    Listing<Project> projects(long accountId, Map<String, String> filters) {
        return list(
                accountId,
                (api, parameters) -> api.projects(accountId, parameters),
                new Shape<>(Project::of, Project::id, "pk__gt"),
                filters);
    }

    Listing<Environment> environments(long accountId, long projectId, Map<String, String> filters) {
        return list(
                accountId,
                (api, parameters) -> api.environments(accountId, projectId, parameters),
                new Shape<>(Environment::of, Environment::id, "id__gt"),
                filters);
    }

    Listing<Job> jobs(long accountId, JobFilter filter) {
        return list(
                accountId,
                (api, parameters) -> api.jobs(accountId, parameters),
                new Shape<>(row -> Job.of(row, accountId), Job::id, null),
                filter.parameters());
    }

    /** The filter for names that contain a text, in any case; null: none. */
    static Map<String, String> named(@Nullable String nameContains) {
        Map<String, String> parameters = new TreeMap<>();
        JobFilter.put(parameters, "name__icontains", nameContains);
        return parameters;
    }

    private <T> Listing<T> list(
            long accountId,
            BiFunction<DbtCloudApi, Map<String, String>, Uni<RestResponse<InputStream>>> call,
            Shape<T> shape,
            Map<String, String> parameters) {
        return new Listing<>(
                asked -> retries.get(() -> calls.get(
                        accountId,
                        priority,
                        api -> call.apply(api, asked),
                        body -> Envelope.read(body).asList())),
                shape,
                parameters);
    }
}

package org.dbtrelay.api;

import static org.dbtrelay.api.Filters.id;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.UriInfo;
import java.util.Map;
import java.util.Set;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.resources.Account;
import org.dbtrelay.dbtcloud.resources.DbtCloudResourceLookupException;
import org.dbtrelay.dbtcloud.resources.DbtCloudResources;
import org.dbtrelay.dbtcloud.resources.Environment;
import org.dbtrelay.dbtcloud.resources.Job;
import org.dbtrelay.dbtcloud.resources.JobFilter;
import org.dbtrelay.dbtcloud.resources.Project;
import org.dbtrelay.run.job.JobDetails;
import org.dbtrelay.run.job.JobNames;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.ParameterIn;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** dbt Cloud's accounts, projects, environments and jobs, as dbt Cloud sends them. */
@Path("/api/connections/{connection}/accounts")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "dbt Cloud")
public class AccountResource {

    private static final Set<String> NAMES = Set.of("project_name", "environment_name", "job_name");

    private final Connections connections;

    AccountResource(Connections connections) {
        this.connections = connections;
    }

    /** A job that was looked up by its names. */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record FoundJob(
            long accountId, long projectId, long environmentId, long jobId, String jobName, boolean deactivated) {
        static FoundJob of(JobDetails job) {
            return new FoundJob(
                    job.accountId(), job.projectId(), job.environmentId(), job.jobId(), job.name(), job.deactivated());
        }
    }

    /** List accounts. */
    @GET
    @Operation(
            operationId = "listAccounts",
            summary = "The accounts that the connection's token can see",
            description = "All of them, on one page.")
    public ResourcePage accounts(@PathParam("connection") String connection) throws DbtCloudException {
        return ResourcePage.whole(
                resources(connection).listAccounts().stream().map(Account::json).toList());
    }

    /** Get account. */
    @GET
    @Path("{account_id}")
    @Operation(operationId = "getAccount", summary = "An account", description = "As dbt Cloud sends it.")
    public ObjectNode account(@PathParam("connection") String connection, @PathParam("account_id") String accountId)
            throws DbtCloudException {
        return resources(connection).getAccount(id("account_id", accountId)).json();
    }

    /** List projects. */
    @GET
    @Path("{account_id}/projects")
    @Operation(
            operationId = "listProjects",
            summary = "The projects of an account",
            description = "With dbt Cloud's filters, page by page.")
    @Parameter(name = "name__icontains", in = ParameterIn.QUERY, description = "A part of the name, in any case")
    @Parameter(name = "limit", in = ParameterIn.QUERY, description = "Rows of the page, 1 to 100 (default)")
    @Parameter(name = "cursor", in = ParameterIn.QUERY, description = "The next_cursor of the page before")
    public ResourcePage projects(
            @PathParam("connection") String connection, @PathParam("account_id") String accountId, @Context UriInfo uri)
            throws DbtCloudException {
        Filters filters = Filters.of(uri, Filters.OF_PROJECTS);
        return ResourcePage.of(
                resources(connection).listProjects(id("account_id", accountId), filters.filters()),
                filters,
                Project::json);
    }

    /** Get project. */
    @GET
    @Path("{account_id}/projects/{project_id}")
    @Operation(operationId = "getProject", summary = "A project", description = "As dbt Cloud sends it.")
    public ObjectNode project(
            @PathParam("connection") String connection,
            @PathParam("account_id") String accountId,
            @PathParam("project_id") String projectId)
            throws DbtCloudException {
        return resources(connection)
                .getProject(id("account_id", accountId), id("project_id", projectId))
                .json();
    }

    /** List environments. */
    @GET
    @Path("{account_id}/projects/{project_id}/environments")
    @Operation(
            operationId = "listEnvironments",
            summary = "The environments of a project",
            description = "With dbt Cloud's filters, page by page.")
    @Parameter(name = "name__icontains", in = ParameterIn.QUERY, description = "A part of the name, in any case")
    @Parameter(name = "limit", in = ParameterIn.QUERY, description = "Rows of the page, 1 to 100 (default)")
    @Parameter(name = "cursor", in = ParameterIn.QUERY, description = "The next_cursor of the page before")
    public ResourcePage environments(
            @PathParam("connection") String connection,
            @PathParam("account_id") String accountId,
            @PathParam("project_id") String projectId,
            @Context UriInfo uri)
            throws DbtCloudException {
        Filters filters = Filters.of(uri, Filters.OF_ENVIRONMENTS);
        return ResourcePage.of(
                resources(connection)
                        .listEnvironments(id("account_id", accountId), id("project_id", projectId), filters.filters()),
                filters,
                Environment::json);
    }

    /** Get environment. */
    @GET
    @Path("{account_id}/projects/{project_id}/environments/{environment_id}")
    @Operation(operationId = "getEnvironment", summary = "An environment", description = "As dbt Cloud sends it.")
    public ObjectNode environment(
            @PathParam("connection") String connection,
            @PathParam("account_id") String accountId,
            @PathParam("project_id") String projectId,
            @PathParam("environment_id") String environmentId)
            throws DbtCloudException {
        return resources(connection)
                .getEnvironment(
                        id("account_id", accountId), id("project_id", projectId), id("environment_id", environmentId))
                .json();
    }

    /** List jobs. */
    @GET
    @Path("{account_id}/jobs")
    @Operation(
            operationId = "listJobs",
            summary = "The jobs of an account",
            description = "Active ones, unless state says otherwise; with dbt Cloud's filters, page by page.")
    @Parameter(name = "project_id", in = ParameterIn.QUERY, description = "Only of this project")
    @Parameter(name = "environment_id", in = ParameterIn.QUERY, description = "Only of this environment")
    @Parameter(name = "name__icontains", in = ParameterIn.QUERY, description = "A part of the name, in any case")
    @Parameter(name = "order_by", in = ParameterIn.QUERY, description = "A field, with a minus to turn it round")
    @Parameter(name = "limit", in = ParameterIn.QUERY, description = "Rows of the page, 1 to 100 (default)")
    @Parameter(name = "cursor", in = ParameterIn.QUERY, description = "The next_cursor of the page before")
    public ResourcePage jobs(
            @PathParam("connection") String connection, @PathParam("account_id") String accountId, @Context UriInfo uri)
            throws DbtCloudException {
        Filters filters = Filters.of(uri, Filters.OF_JOBS);
        return ResourcePage.of(
                resources(connection)
                        .listJobs(
                                id("account_id", accountId), new JobFilter(null, null, null, null, filters.filters())),
                filters,
                Job::json);
    }

    /** Get job. */
    @GET
    @Path("{account_id}/jobs/{job_id}")
    @Operation(operationId = "getJob", summary = "A job", description = "As dbt Cloud sends it.")
    public ObjectNode job(
            @PathParam("connection") String connection,
            @PathParam("account_id") String accountId,
            @PathParam("job_id") String jobId)
            throws DbtCloudException {
        return resources(connection)
                .getJob(id("account_id", accountId), id("job_id", jobId))
                .json();
    }

    /** Get job by name. */
    @GET
    @Path("{account_id}/jobs/lookup")
    @Operation(
            operationId = "lookUpJob",
            summary = "A job by its names",
            description = "The one job with exactly these names; what was found is remembered for ten minutes.")
    @APIResponse(responseCode = "200", description = "The job")
    @APIResponse(responseCode = "404", description = "Nothing has the name that parameter tells")
    @APIResponse(responseCode = "409", description = "Several have the name that parameter tells")
    @Parameter(name = "project_name", in = ParameterIn.QUERY, required = true, description = "The project's name")
    @Parameter(name = "environment_name", in = ParameterIn.QUERY, required = true, description = "Its environment's")
    @Parameter(name = "job_name", in = ParameterIn.QUERY, required = true, description = "Its job's")
    public FoundJob lookUp(
            @PathParam("connection") String connection, @PathParam("account_id") String accountId, @Context UriInfo uri)
            throws DbtCloudException, DbtCloudResourceLookupException {
        Map<String, String> query = Filters.single(uri, NAMES, Set.of());
        JobNames names = new JobNames(
                required(query, "project_name"), required(query, "environment_name"), required(query, "job_name"));
        return FoundJob.of(resources(connection).getJobByName(id("account_id", accountId), names));
    }

    private static String required(Map<String, String> query, String name) {
        String value = query.get(name);
        if (value == null || value.isBlank()) {
            throw new BadParameter(name, "it is missing");
        }
        return value;
    }

    private DbtCloudResources resources(String connection) {
        return connections.named(connection).resources();
    }
}

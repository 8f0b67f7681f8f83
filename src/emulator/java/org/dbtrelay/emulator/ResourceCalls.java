package org.dbtrelay.emulator;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The calls about accounts, projects, environments, connections and the list of jobs. */
final class ResourceCalls {
    private static final long USER_ID = 70403103920007L;

    private final World world;
    private final BiFunction<EmulatedJob, Set<String>, ObjectNode> jobJson;

    ResourceCalls(World world, BiFunction<EmulatedJob, Set<String>, ObjectNode> jobJson) {
        this.world = world;
        this.jobJson = jobJson;
    }

    /** Not documented: dbt Cloud's own MCP server reads the user's id here, and no more is known of the answer. */
    Answer whoAmI(Set<Long> allowed) {
        ObjectNode body = Envelope.object();
        body.putObject("user").put("id", USER_ID).put("email", "somebody@example.com");
        allowed.forEach(body.putArray("account_ids")::add);
        return Envelope.ok(body);
    }

    Answer accounts(Set<Long> allowed) {
        List<ObjectNode> accounts = world.accounts().stream()
                .filter(account -> allowed.contains(account.id()))
                .map(ResourceJson::account)
                .toList();
        ObjectNode filters = Envelope.object();
        filters.set("pk__in", Envelope.MAPPER.valueToTree(allowed));
        return Envelope.list(accounts, accounts.size(), filters, null);
    }

    Answer account(Request request) {
        return world.account(request.id("account"))
                .map(account -> Envelope.ok(ResourceJson.account(account)))
                .orElseThrow(Refusal::notFound);
    }

    Answer projects(Request request, Values values) {
        Long after = values.integer("pk__gt");
        Stream<EmulatedProject> projects = world.projects(request.id("account")).stream()
                .filter(project -> isActive(values) && isAmong(values, project.id()))
                .filter(project -> after == null || project.id() > after)
                .filter(project -> contains(project.name(), values.text("name__icontains")));
        return page(
                request,
                values,
                projects,
                EmulatedProject::id,
                EmulatedProject::name,
                project -> json(project, values.include()));
    }

    Answer project(Request request, Values values) {
        return world.project(request.id("account"), request.id("project"))
                .map(project -> Envelope.ok(json(project, values.include())))
                .orElseThrow(Refusal::notFound);
    }

    private ObjectNode json(EmulatedProject project, Set<String> include) {
        ObjectNode body = ResourceJson.project(project);
        if (include.contains("environments")) {
            world.environments(project.accountId()).stream()
                    .filter(environment -> environment.projectId() == project.id())
                    .map(ResourceJson::environment)
                    .forEach(body.putArray("environments")::add);
        }
        if (include.contains("repository")) {
            body.set("repository", ResourceJson.repository(project));
        }
        return body;
    }

    Answer environments(Request request, Values values) {
        Long inPath = request.number("project");
        if (inPath != null && world.project(request.id("account"), inPath).isEmpty()) {
            throw Refusal.notFound();
        }
        Function<EmulatedEnvironment, ObjectNode> json = environment -> {
            ObjectNode body = ResourceJson.environment(environment);
            ResourceJson.related(environment, values.include(), body);
            if (values.include().contains("project")) {
                world.project(environment.accountId(), environment.projectId())
                        .ifPresent(project -> body.set("project", ResourceJson.project(project)));
            }
            return body;
        };
        Long project = values.integer("project_id");
        List<Long> projects = values.integers("project_id__in");
        Long after = values.integer("id__gt");
        String name = values.text("name");
        String type = values.text("type");
        String deployment = values.text("deployment_type");
        List<String> deployments = values.texts("deployment_type__in");
        Stream<EmulatedEnvironment> found = world.environments(request.id("account")).stream()
                .filter(environment -> inPath == null || environment.projectId() == inPath)
                .filter(environment -> project == null || environment.projectId() == project)
                .filter(environment -> projects == null || projects.contains(environment.projectId()))
                .filter(environment -> isAmong(values, environment.id()))
                .filter(environment -> after == null || environment.id() > after)
                .filter(environment -> name == null || environment.name().equals(name))
                .filter(environment -> contains(environment.name(), values.text("name__icontains")))
                .filter(environment -> type == null || "deployment".equals(type))
                .filter(environment ->
                        deployment == null || deployment.equals(ResourceJson.deploymentType(environment)))
                .filter(environment ->
                        deployments == null || deployments.contains(ResourceJson.deploymentType(environment)))
                .filter(environment -> isActive(values) && values.integer("credentials_id") == null)
                .filter(environment -> hasVersion(values, environment.dbtVersion()));
        return page(request, values, found, EmulatedEnvironment::id, EmulatedEnvironment::name, json);
    }

    Answer environment(Request request) {
        Long inPath = request.number("project");
        return world.environment(request.id("account"), request.id("environment"))
                .filter(environment -> inPath == null || environment.projectId() == inPath)
                .map(environment -> Envelope.ok(ResourceJson.environment(environment)))
                .orElseThrow(Refusal::notFound);
    }

    /** Connections belong to accounts; here each project has its own. */
    Answer connection(Request request) {
        long id = request.id("connection");
        for (EmulatedEnvironment environment : world.environments(request.id("account"))) {
            String adapter = environment.adapter();
            if (environment.connectionId() == id && adapter != null) {
                return Envelope.ok(ResourceJson.connection(environment, adapter));
            }
        }
        throw Refusal.notFound();
    }

    Answer jobs(Request request, Values values) {
        Long project = values.integer("project_id");
        List<Long> projects = values.integers("project_id__in");
        Long environment = values.integer("environment_id");
        Integer state = values.state("active");
        Boolean scheduled = values.bool("triggers_schedule");
        Boolean system = values.bool("is_system");
        Boolean fusion = values.bool("is_fusion_ready");
        Set<String> include = values.include();
        Stream<EmulatedJob> jobs = world.jobs(request.id("account")).stream()
                .filter(job -> state == null || job.state() == state)
                .filter(job -> isAmong(values, job.id()))
                .filter(job -> project == null || job.projectId() == project)
                .filter(job -> projects == null || projects.contains(job.projectId()))
                .filter(job -> environment == null || job.environmentId() == environment)
                .filter(job -> contains(job.name(), values.text("name__icontains")))
                // No job has a schedule, is ready for Fusion, or has a version of its own.
                .filter(job -> fusion == null || !fusion)
                .filter(job -> values.texts("dbt_version__in") == null)
                .filter(job -> scheduled == null || !scheduled)
                .filter(job -> job.isSystem() == Boolean.TRUE.equals(system));
        return page(request, values, jobs, EmulatedJob::id, EmulatedJob::name, job -> jobJson.apply(job, include));
    }

    private static boolean isActive(Values values) {
        Integer state = values.state("active");
        return state == null || state == 1;
    }

    private static boolean hasVersion(Values values, String version) {
        String one = values.text("dbt_version");
        List<String> several = values.texts("dbt_version__in");
        return (one == null || version.equals(one)) && (several == null || several.contains(version));
    }

    private static boolean isAmong(Values values, long id) {
        Long one = values.integer("pk");
        List<Long> several = values.integers("pk__in");
        return (one == null || id == one) && (several == null || several.contains(id));
    }

    private static boolean contains(String name, @Nullable String part) {
        return part == null || name.toLowerCase(Locale.ROOT).contains(part.toLowerCase(Locale.ROOT));
    }

    private static <T> Answer page(
            Request request,
            Values values,
            Stream<T> all,
            ToLongFunction<T> id,
            Function<T, String> name,
            Function<T, ObjectNode> json) {
        String order = values.fieldOrder();
        Comparator<T> byId = Comparator.comparingLong(id);
        Comparator<T> wanted =
                order.endsWith("name") ? Comparator.comparing(name).thenComparing(byId) : byId;
        List<T> sorted =
                all.sorted(order.startsWith("-") ? wanted.reversed() : wanted).toList();
        List<ObjectNode> page = sorted.stream()
                .skip(values.offset())
                .limit(values.limit())
                .map(json)
                .toList();
        return Envelope.list(page, sorted.size(), values.echo(request.id("account"), "active"), order);
    }
}

package org.dbtrelay.dbtcloud.connection;

import io.smallrye.mutiny.Uni;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Clock;
import java.util.Map;
import java.util.Objects;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.http.DbtCloudApi;
import org.dbtrelay.dbtcloud.http.GuardedBody;
import org.dbtrelay.metrics.RelayMetrics;
import org.jboss.resteasy.reactive.RestResponse;

/** The real connections of one process, on an API that somebody else answers. */
public final class SimConnections {

    private final Connections connections;
    private final ConnectionProbes probes;

    /** Wires the real objects. */
    public SimConnections(RelayConfig config, Api api, Clock clock, Monotonic monotonic, RelayMetrics metrics) {
        this.connections = new Connections(config, new FixedClients(asClient(api), monotonic), clock, monotonic);
        this.probes = new ConnectionProbes(connections, metrics);
    }

    /** The real connections. */
    public Connections connections() {
        return connections;
    }

    /** Whether a connection is taken for one that does not work. */
    public boolean isAnySuspended() {
        return connections.names().stream()
                .anyMatch(name -> !connections
                        .find(name)
                        .orElseThrow()
                        .calls()
                        .suspended()
                        .isEmpty());
    }

    /** One round of the real probes. */
    public void probe() {
        probes.probeSuspects();
    }

    /** The body of a call that starts a run, as the REST client sees it. */
    public interface Guarded {
        /** True at most once: the request may go out now. */
        boolean release();

        /** What is sent. */
        byte[] json();

        /** What the REST client throws if it may not. */
        IOException stopped();
    }

    /**
     * dbt Cloud's API with starts whose bodies can be seen from outside. It is no {@link DbtCloudApi} itself: Quarkus would
     * take a class that has those paths for a resource of the application.
     */
    public interface Api {
        /** Get job. */
        Uni<RestResponse<InputStream>> job(long jobId);

        /** List jobs, projects or environments. */
        Uni<RestResponse<InputStream>> named(String kind, String nameContains);

        /** Retrieve account connection. */
        default Uni<RestResponse<InputStream>> connection(long connectionId) {
            throw new UnsupportedOperationException("connection " + connectionId);
        }

        /** Trigger job run. */
        Uni<RestResponse<InputStream>> trigger(long jobId, String traceparent, Guarded body);

        /** Retry run. */
        Uni<RestResponse<InputStream>> retryRun(long runId, String traceparent, Guarded body);

        /** Cancel run. */
        Uni<RestResponse<InputStream>> cancel(long runId);

        /** Get run. */
        Uni<RestResponse<InputStream>> run(long runId, boolean withTrigger);

        /** Get run with its steps. */
        Uni<RestResponse<InputStream>> runWithSteps(long runId);

        /** List runs. */
        Uni<RestResponse<InputStream>> runs(
                Long jobId,
                String statusIn,
                String pkIn,
                Long above,
                boolean withTrigger,
                boolean newestFirst,
                int limit);

        /** List run artifacts. */
        Uni<RestResponse<InputStream>> artifacts(long runId);

        /** Get run artifact; of the last step if there is no number. */
        Uni<RestResponse<InputStream>> artifact(long runId, String path, Integer step);
    }

    private static final Map<String, Integer> PARAMETERS = Map.ofEntries(
            Map.entry("job", 2),
            Map.entry("jobs", 2),
            Map.entry("projects", 2),
            Map.entry("environments", 3),
            Map.entry("connection", 2),
            Map.entry("trigger", 4),
            Map.entry("listAccounts", 0),
            Map.entry("account", 1),
            Map.entry("project", 2),
            Map.entry("environment", 3),
            Map.entry("retryDetails", 2),
            Map.entry("retryRun", 4),
            Map.entry("rerunJob", 4),
            Map.entry("cancel", 3),
            Map.entry("run", 3),
            Map.entry("runs", 2),
            Map.entry("artifacts", 2),
            Map.entry("artifact", 4),
            Map.entry("webhookSubscriptions", 2),
            Map.entry("createWebhookSubscription", 2),
            Map.entry("changeWebhookSubscription", 3),
            Map.entry("deleteWebhookSubscription", 2),
            Map.entry("close", 0));

    private static DbtCloudApi asClient(Api api) {
        for (Method method : DbtCloudApi.class.getMethods()) {
            if (!Objects.equals(PARAMETERS.get(method.getName()), method.getParameterCount())) {
                throw new IllegalStateException("changed, so this has to change too: " + method);
            }
        }
        return (DbtCloudApi) Proxy.newProxyInstance(
                SimConnections.class.getClassLoader(),
                new Class<?>[] {DbtCloudApi.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "job" -> api.job((long) arguments[1]);
                    case "jobs" -> api.named("jobs", filters(arguments).get("name__icontains"));
                    case "projects" -> api.named("projects", filters(arguments).get("name__icontains"));
                    case "environments" ->
                        api.named("environments", filters(arguments).get("name__icontains"));
                    case "connection" -> api.connection((long) arguments[1]);
                    case "trigger" ->
                        api.trigger((long) arguments[1], (String) arguments[2], guarded((GuardedBody) arguments[3]));
                    case "retryRun" ->
                        api.retryRun((long) arguments[1], (String) arguments[2], guarded((GuardedBody) arguments[3]));
                    case "cancel" -> api.cancel((long) arguments[1]);
                    case "run" -> run(api, (long) arguments[1], (String) arguments[2]);
                    case "runs" -> runs(api, filters(arguments));
                    case "artifacts" -> api.artifacts((long) arguments[1]);
                    case "artifact" -> api.artifact((long) arguments[1], (String) arguments[2], (Integer) arguments[3]);
                    case "close" -> null;
                    default -> throw new UnsupportedOperationException(method.getName());
                });
    }

    @SuppressWarnings("unchecked")
    private static Map<String, String> filters(Object[] arguments) {
        return (Map<String, String>) arguments[arguments.length - 1];
    }

    private static Uni<RestResponse<InputStream>> run(Api api, long runId, String related) {
        return related != null && related.contains("run_steps")
                ? api.runWithSteps(runId)
                : api.run(runId, related != null);
    }

    private static Uni<RestResponse<InputStream>> runs(Api api, Map<String, String> filters) {
        return api.runs(
                number(filters, "job_definition_id"),
                filters.get("status__in"),
                filters.get("pk__in"),
                number(filters, "id__gt"),
                filters.containsKey("include_related"),
                filters.getOrDefault("order_by", "id").startsWith("-"),
                Integer.parseInt(filters.getOrDefault("limit", "100")));
    }

    private static Long number(Map<String, String> filters, String name) {
        String value = filters.get(name);
        return value == null ? null : Long.valueOf(value);
    }

    private static Guarded guarded(GuardedBody body) {
        return new Guarded() {
            @Override
            public boolean release() {
                return body.release();
            }

            @Override
            public byte[] json() {
                return body.json();
            }

            @Override
            public IOException stopped() {
                return new GuardedBody.Stopped();
            }
        };
    }
}

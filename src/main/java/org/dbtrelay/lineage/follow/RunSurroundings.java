package org.dbtrelay.lineage.follow;

import java.net.URI;
import java.util.Optional;
import org.dbtrelay.config.OpenLineageConfig;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.resources.EnvironmentSource;
import org.dbtrelay.lineage.event.Facets;
import org.dbtrelay.lineage.tell.Surroundings;
import org.dbtrelay.lineage.tell.ToldRun;
import org.jspecify.annotations.Nullable;

/** What the configuration and dbt Cloud's environments say of the surroundings of a run. */
final class RunSurroundings {

    private final OpenLineageConfig config;
    private final String version;
    private final Facets facets;

    /** {@code version}: the relay's. */
    RunSurroundings(OpenLineageConfig config, String version) {
        this.config = config;
        this.version = version;
        this.facets = new Facets(producer(version));
    }

    /** As far as they are known now. */
    Surroundings of(DbtCloudClient client, ToldRun run) {
        EnvironmentSource source = source(client, run).orElse(EnvironmentSource.UNKNOWN);
        @Nullable String configured = configured(run);
        String host = host(client.host());
        return new Surroundings(
                config.namespace().orElse("dbt-cloud://" + host + "/" + run.accountId()),
                host,
                configured,
                configured != null
                        ? source.connection()
                        : client.names().connection(run.accountId(), source).orElse(source.connection()),
                source.repository(),
                config.tests(),
                facets,
                version);
    }

    /** Whether nothing of them is still to be read. */
    boolean areKnown(DbtCloudClient client, ToldRun run) {
        return configured(run) != null
                || source(client, run)
                        .flatMap(source -> client.names().connection(run.accountId(), source))
                        .isPresent();
    }

    private @Nullable String configured(ToldRun run) {
        @Nullable Long environment = run.environmentId();
        @Nullable
        String ofEnvironment =
                environment == null ? null : config.datasetNamespace().get(environment.toString());
        return ofEnvironment == null ? config.datasetNamespace().get(run.connection()) : ofEnvironment;
    }

    private static Optional<EnvironmentSource> source(DbtCloudClient client, ToldRun run) {
        @Nullable Long project = run.projectId();
        @Nullable Long environment = run.environmentId();
        return project == null || environment == null
                ? Optional.of(EnvironmentSource.UNKNOWN)
                : client.names().source(run.accountId(), project, environment);
    }

    /**
     * A URI with a path, which the specification does not ask for: DataHub takes its last segment for the orchestrator, and answers 500 to
     * an address without one.
     */
    static String producer(String version) {
        return "dbt-cloud-relay:/" + version + "/dbt";
    }

    private static String host(URI url) {
        return url.getPort() < 0 ? url.getHost() : url.getHost() + ":" + url.getPort();
    }
}

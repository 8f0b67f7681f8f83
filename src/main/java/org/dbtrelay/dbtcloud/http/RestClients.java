package org.dbtrelay.dbtcloud.http;

import io.quarkus.rest.client.reactive.QuarkusRestClientBuilder;
import jakarta.ws.rs.client.ClientRequestFilter;
import jakarta.ws.rs.core.HttpHeaders;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.config.TrustStore;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.jboss.resteasy.reactive.client.api.LoggingScope;
import org.jboss.resteasy.reactive.client.api.QuarkusRestClientProperties;

/**
 * Builds the REST clients of a connection: one for reading, with a pool of connections as large as the concurrency, and one
 * for what changes something, without keep-alive. dbt Cloud (or something on the way) may have closed an idle connection
 * just when it is taken from a pool, and nobody could tell whether a trigger sent over it had arrived.
 */
public class RestClients implements AutoCloseable {

    private static final RelayLog LOG = RelayLog.of(RestClients.class);
    private static final int IDLE_SECONDS = 20;

    /** Requests end at once when their connections close; one that still connects may not. */
    private static final Duration LAST_REQUEST = Duration.ofSeconds(1);

    private final String userAgent;
    private final Monotonic monotonic;
    private final RequestsInFlight inFlight;
    private final List<Closeable> open = new ArrayList<>();

    /** {@code version} is the relay's own, for the {@code User-Agent}. */
    public RestClients(String version, Monotonic monotonic) {
        this.userAgent = "dbt-cloud-relay/" + version;
        this.monotonic = monotonic;
        this.inFlight = new RequestsInFlight(monotonic);
    }

    /** The clients of a connection. */
    public final ApiClients of(RelayConfig.Connection settings, ApiToken token) {
        return new ApiClients(
                forReading(settings, token), forPosting(settings, token), forRedirects(settings, token), inFlight);
    }

    /** The client for reads. */
    protected DbtCloudApi forReading(RelayConfig.Connection settings, ApiToken token) {
        return built(
                builder(settings, token)
                        .property(QuarkusRestClientProperties.CONNECTION_POOL_SIZE, settings.maxConcurrentRequests())
                        .property(QuarkusRestClientProperties.CONNECTION_TTL, IDLE_SECONDS),
                DbtCloudApi.class);
    }

    /** The pool is no bound here: a request that is given up before it has a connection may leave one behind for a while. */
    protected DbtCloudApi forPosting(RelayConfig.Connection settings, ApiToken token) {
        return built(
                builder(settings, token)
                        .property(
                                QuarkusRestClientProperties.CONNECTION_POOL_SIZE,
                                64 + 4 * settings.maxConcurrentRequests())
                        .property(QuarkusRestClientProperties.KEEP_ALIVE_ENABLED, false),
                DbtCloudApi.class);
    }

    /** For what a redirect points to; the token goes with it only where it does with any request, see {@link Redirects}. */
    protected RedirectedApi forRedirects(RelayConfig.Connection settings, ApiToken token) {
        return built(
                builder(settings, token)
                        .property(QuarkusRestClientProperties.CONNECTION_POOL_SIZE, settings.maxConcurrentRequests())
                        .property(QuarkusRestClientProperties.CONNECTION_TTL, IDLE_SECONDS),
                RedirectedApi.class);
    }

    private <T extends Closeable> T built(QuarkusRestClientBuilder builder, Class<T> type) {
        T api = builder.build(type);
        open.add(api);
        return api;
    }

    private QuarkusRestClientBuilder builder(RelayConfig.Connection settings, ApiToken token) {
        QuarkusRestClientBuilder builder = QuarkusRestClientBuilder.newBuilder()
                .baseUri(settings.host())
                .connectTimeout(settings.connectTimeout().toMillis(), TimeUnit.MILLISECONDS)
                .readTimeout(settings.readTimeout().toMillis(), TimeUnit.MILLISECONDS)
                .followRedirects(false)
                // A bad status is an answer like any other, see FailureMapper.
                .disableDefaultMapper(true)
                // Neither token nor bodies in the log, whatever quarkus.rest-client.logging.* says.
                .loggingScope(LoggingScope.NONE)
                .enableCompression(false)
                .userAgent(userAgent)
                .register(new GuardedBodyWriter())
                .register(new StreamedBodies(monotonic))
                .register(Redirects.absoluteLocations())
                .register(authorization(token, new Redirects(settings.host())));
        settings.proxy().ifPresent(proxy -> {
            // Not by way of a URI, which sees no host in a name with an underscore, as containers have them.
            int colon = proxy.lastIndexOf(':');
            builder.proxyAddress(proxy.substring(0, colon), Integer.parseInt(proxy.substring(colon + 1)));
            settings.proxyUser().ifPresent(builder::proxyUser);
            settings.proxyPassword().ifPresent(builder::proxyPassword);
        });
        settings.trustStore().ifPresent(file -> {
            String password = settings.trustStorePassword().orElse("");
            builder.trustStore(trustStore(file, password), password);
        });
        return builder;
    }

    /** Sends the token to the configured host only, whatever leads a request away from it. */
    private static ClientRequestFilter authorization(ApiToken token, Redirects redirects) {
        return request -> {
            if (redirects.isHome(request.getUri())) {
                request.getHeaders().putSingle(HttpHeaders.AUTHORIZATION, "Token " + token.value());
            }
        };
    }

    private static KeyStore trustStore(Path file, String password) {
        try {
            return TrustStore.read(file, password);
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException("The trust store " + file + " cannot be read.", e);
        }
    }

    /** Sends no more, and ends what waits for an answer. */
    @Override
    public void close() {
        inFlight.close();
        for (Closeable api : open) {
            try {
                api.close();
            } catch (IOException e) {
                LOG.debug("REST client did not close", RelayLog.pair(LogKey.DETAIL, e));
            }
        }
        inFlight.awaitLast(LAST_REQUEST);
    }
}

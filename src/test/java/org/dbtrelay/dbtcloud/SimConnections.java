package org.dbtrelay.dbtcloud;

import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.time.Clock;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.metrics.RelayMetrics;

/** The real connections of one process, on an API that somebody else answers. */
public final class SimConnections {

    private final Connections connections;
    private final ConnectionProbes probes;

    /** Wires the real objects. */
    public SimConnections(RelayConfig config, Api api, Clock clock, Monotonic monotonic, RelayMetrics metrics) {
        RestClients clients = new RestClients("simulated") {
            @Override
            DbtCloudApi forReading(RelayConfig.Connection settings, ApiToken token) {
                return api;
            }

            @Override
            DbtCloudApi forPosting(RelayConfig.Connection settings, ApiToken token) {
                return api;
            }
        };
        this.connections = new Connections(config, clients, clock, monotonic);
        this.probes = new ConnectionProbes(connections, metrics);
    }

    /** The real connections. */
    public Connections connections() {
        return connections;
    }

    /** One round of the real probes. */
    public void probe() {
        probes.probeSuspects();
    }

    /** The body of a trigger, as the REST client sees it. */
    public interface Guarded {
        /** True at most once: the request may go out now. */
        boolean release();

        /** What is sent. */
        byte[] json();

        /** What the REST client throws if it may not. */
        IOException stopped();
    }

    /** dbt Cloud's API with a trigger whose body can be seen from outside. */
    public abstract static class Api implements DbtCloudApi {

        @Override
        public final Uni<Response> trigger(long accountId, long jobId, GuardedBody body) {
            return trigger(accountId, jobId, new Guarded() {
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
            });
        }

        /** Trigger job run. */
        protected abstract Uni<Response> trigger(long accountId, long jobId, Guarded body);
    }
}

package org.dbtrelay.dbtcloud.connection;

import java.lang.reflect.Proxy;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.http.ApiToken;
import org.dbtrelay.dbtcloud.http.DbtCloudApi;
import org.dbtrelay.dbtcloud.http.RedirectedApi;
import org.dbtrelay.dbtcloud.http.RestClients;

/** All that is asked goes to one object, which redirects nobody. */
final class FixedClients extends RestClients {

    private final DbtCloudApi api;

    FixedClients(DbtCloudApi api, Monotonic monotonic) {
        super("fixed", monotonic);
        this.api = api;
    }

    @Override
    protected DbtCloudApi forReading(RelayConfig.Connection settings, ApiToken token) {
        return api;
    }

    @Override
    protected DbtCloudApi forPosting(RelayConfig.Connection settings, ApiToken token) {
        return api;
    }

    @Override
    protected RedirectedApi forRedirects(RelayConfig.Connection settings, ApiToken token) {
        return (RedirectedApi) Proxy.newProxyInstance(
                RedirectedApi.class.getClassLoader(),
                new Class<?>[] {RedirectedApi.class},
                (proxy, method, arguments) -> {
                    throw new UnsupportedOperationException("Nobody redirects here.");
                });
    }
}

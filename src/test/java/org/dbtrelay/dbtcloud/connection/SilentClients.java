package org.dbtrelay.dbtcloud.connection;

import io.smallrye.mutiny.Uni;
import java.lang.reflect.Proxy;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.http.ApiToken;
import org.dbtrelay.dbtcloud.http.DbtCloudApi;
import org.dbtrelay.dbtcloud.http.RedirectedApi;
import org.dbtrelay.dbtcloud.http.RestClients;

/** Nobody answers. */
final class SilentClients extends RestClients {
    SilentClients() {
        super("silent", new Monotonic());
    }

    @Override
    protected DbtCloudApi forReading(RelayConfig.Connection settings, ApiToken token) {
        return silent(DbtCloudApi.class);
    }

    @Override
    protected DbtCloudApi forPosting(RelayConfig.Connection settings, ApiToken token) {
        return silent(DbtCloudApi.class);
    }

    @Override
    protected RedirectedApi forRedirects(RelayConfig.Connection settings, ApiToken token) {
        return silent(RedirectedApi.class);
    }

    private static <T> T silent(Class<T> type) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, arguments) -> Uni.createFrom().nothing()));
    }
}

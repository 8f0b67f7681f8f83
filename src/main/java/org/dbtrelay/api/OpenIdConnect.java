package org.dbtrelay.api;

import static org.dbtrelay.metrics.RelayLog.pair;

import io.quarkus.security.identity.IdentityProviderManager;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.vertx.http.runtime.CurrentVertxRequest;
import io.quarkus.vertx.http.runtime.security.QuarkusHttpUser;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Collections;
import java.util.Optional;
import java.util.Set;
import org.dbtrelay.config.OpenIdConnectConfig;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.config.Role;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;

/**
 * Who a bearer token of an identity provider is of. Quarkus' extension checks the token, and only when it is asked: a request with a
 * key never gets there.
 */
@Singleton
class OpenIdConnect {

    private static final RelayLog LOG = RelayLog.of(OpenIdConnect.class);

    /** The provider may have to be asked for its keys. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final OpenIdConnectConfig config;
    private final CurrentVertxRequest request;
    private final IdentityProviderManager providers;

    OpenIdConnect(RelayConfig config, CurrentVertxRequest request, IdentityProviderManager providers) {
        this.config = config.api().openidConnect();
        this.request = request;
        this.providers = providers;
    }

    boolean isEnabled() {
        return config.enabled();
    }

    /** Somebody whom the provider knows; the role is the highest of those that they have, empty: they have none. */
    record Person(String name, Optional<Role> role) {}

    /** The person that sends the request at hand; empty: it has no token that counts. */
    Optional<Person> person() {
        if (!isEnabled()) {
            return Optional.empty();
        }
        try {
            SecurityIdentity identity = QuarkusHttpUser.getSecurityIdentity(request.getCurrent(), providers)
                    .await()
                    .atMost(PATIENCE);
            return identity == null || identity.isAnonymous()
                    ? Optional.empty()
                    : Optional.of(new Person(identity.getPrincipal().getName(), role(identity.getRoles())));
        } catch (RuntimeException e) {
            LOG.debug("A bearer token does not count", pair(LogKey.REASON, e));
            return Optional.empty();
        }
    }

    private Optional<Role> role(Set<String> words) {
        if (has(words, config.operators())) {
            return Optional.of(Role.OPERATOR);
        }
        if (has(words, config.senders())) {
            return Optional.of(Role.SENDER);
        }
        return has(words, config.viewers()) ? Optional.of(Role.VIEWER) : Optional.empty();
    }

    private static boolean has(Set<String> words, Set<String> wanted) {
        return !Collections.disjoint(words, wanted);
    }
}

package org.dbtrelay.config;

import io.smallrye.config.WithDefault;
import java.net.URI;
import java.util.Optional;
import java.util.Set;

/** {@code relay.api.openid-connect}: which bearer tokens of an identity provider open the HTTP API. */
public interface OpenIdConnectConfig {

    /** Whether tokens are taken. Quarkus' own keys {@code quarkus.oidc.*} say more of them, such as their audience. */
    @WithDefault("false")
    boolean enabled();

    /** The provider's issuer address, below which it has its description. */
    Optional<URI> url();

    /** The claim that lists what a person belongs to; a path with slashes. Default: {@code groups}. */
    Optional<String> rolesClaim();

    /** Who has one of these in the claim may read. */
    @WithDefault("viewer")
    Set<String> viewers();

    /** Who has one of these may send commands, too. */
    @WithDefault("sender")
    Set<String> senders();

    /** Who has one of these may do everything. */
    @WithDefault("operator")
    Set<String> operators();
}

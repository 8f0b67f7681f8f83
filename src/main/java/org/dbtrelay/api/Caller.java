package org.dbtrelay.api;

import jakarta.ws.rs.core.SecurityContext;
import java.security.Principal;
import org.dbtrelay.config.Role;
import org.jspecify.annotations.Nullable;

/**
 * Who sends a request.
 *
 * @param name the name of the key, or of the person as the identity provider has it
 * @param signIn by what the relay knows: {@code key} or {@code openid_connect}
 */
record Caller(String name, Role role, String signIn, boolean isSecure) implements SecurityContext {

    static final String KEY = "key";
    static final String OPENID_CONNECT = "openid_connect";

    @Override
    public Principal getUserPrincipal() {
        return this::name;
    }

    @Override
    public boolean isUserInRole(String word) {
        return role.wireName().equals(word);
    }

    @Override
    public String getAuthenticationScheme() {
        return "Bearer";
    }

    /** The name of who sends a request; null if the API is open. */
    static @Nullable String nameOf(SecurityContext context) {
        return context.getUserPrincipal() == null
                ? null
                : context.getUserPrincipal().getName();
    }
}

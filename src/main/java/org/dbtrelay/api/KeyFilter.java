package org.dbtrelay.api;

import jakarta.annotation.security.PermitAll;
import jakarta.inject.Singleton;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.SecurityContext;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.Principal;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.dbtrelay.config.RelayConfig;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;
import org.jboss.resteasy.reactive.server.SimpleResourceInfo;
import org.jspecify.annotations.Nullable;

/**
 * Lets those in who have one of {@code relay.api.keys}, and everybody where the API was declared open. Resources with {@link
 * PermitAll} see to it themselves.
 */
@Singleton
class KeyFilter {

    private static final String SCHEME = "Bearer ";
    private static final Set<String> SAFE = Set.of("GET", "HEAD", "OPTIONS");

    private final boolean open;
    /** The hash of each key, by the key's name in the configuration. */
    private final Map<String, byte[]> hashes;

    private final @Nullable InstanceSignature signature;

    KeyFilter(RelayConfig config, Clock clock) {
        this.open = config.api().open();
        this.hashes = config.api().keys().entrySet().stream()
                .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, key -> hash(key.getValue())));
        this.signature = hashes.isEmpty() ? null : new InstanceSignature(hashes.values(), clock);
    }

    @ServerRequestFilter
    @Nullable
    Response check(ContainerRequestContext request, SimpleResourceInfo resource) {
        if (open && isFromForeignPage(request)) {
            return Problem.response(
                    Response.Status.FORBIDDEN,
                    "a page of another site may change nothing here; relay.api.keys serves programs and people elsewhere");
        }
        if (open || resource.getResourceClass().isAnnotationPresent(PermitAll.class)) {
            return null;
        }
        String name = nameOf(request.getHeaderString(HttpHeaders.AUTHORIZATION));
        if (name == null && isFromInstance(request)) {
            return null;
        }
        if (name != null) {
            request.setSecurityContext(
                    new KeyHolder(name, request.getSecurityContext().isSecure()));
            return null;
        }
        Response refusal = Problem.response(
                Response.Status.UNAUTHORIZED,
                "send one of relay.api.keys as 'Authorization: Bearer <key>'; relay.api.open=true serves the API without");
        refusal.getHeaders().add(HttpHeaders.WWW_AUTHENTICATE, "Bearer");
        return refusal;
    }

    /**
     * Whether a browser sends it for a page of another origin, which needs no leave for a POST without a body. An API that asks
     * for a key needs no such look: no page can send a key that it does not have.
     */
    static boolean isFromForeignPage(ContainerRequestContext request) {
        if (SAFE.contains(request.getMethod())) {
            return false;
        }
        String site = request.getHeaderString("Sec-Fetch-Site");
        if (site != null) {
            return !site.equals("same-origin") && !site.equals("none");
        }
        String origin = request.getHeaderString("Origin");
        return origin != null && !origin.endsWith("://" + request.getHeaderString(HttpHeaders.HOST));
    }

    /** How an instance signs a request to another one; empty: no key is configured, and none is asked for. */
    Optional<String> signed(String method, URI uri) {
        return signature == null ? Optional.empty() : Optional.of(signature.of(method, uri));
    }

    private boolean isFromInstance(ContainerRequestContext request) {
        @Nullable String header = request.getHeaderString(HttpHeaders.AUTHORIZATION);
        return signature != null
                && header != null
                && signature.isIn(
                        header, request.getMethod(), request.getUriInfo().getRequestUri());
    }

    /** The name of the key that came with a request; null if the API is open. */
    static @Nullable String nameOf(SecurityContext caller) {
        return caller.getUserPrincipal() == null
                ? null
                : caller.getUserPrincipal().getName();
    }

    private record KeyHolder(String name, boolean isSecure) implements SecurityContext {

        @Override
        public Principal getUserPrincipal() {
            return this::name;
        }

        @Override
        public boolean isUserInRole(String role) {
            return false;
        }

        @Override
        public String getAuthenticationScheme() {
            return SCHEME.strip();
        }
    }

    /**
     * The name of a key; null if there is none such. Compares hashes, all of them and in constant time, so that the answer's time
     * tells nothing about a key.
     */
    private @Nullable String nameOf(@Nullable String header) {
        if (header == null || !header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            return null;
        }
        byte[] given = hash(header.substring(SCHEME.length()));
        String name = null;
        for (Map.Entry<String, byte[]> key : hashes.entrySet()) {
            if (MessageDigest.isEqual(key.getValue(), given)) {
                name = key.getKey();
            }
        }
        return name;
    }

    /** A key that comes from a file often ends in a line break, which no header can bring back. */
    private static byte[] hash(String key) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(key.strip().getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}

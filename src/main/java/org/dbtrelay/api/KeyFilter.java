package org.dbtrelay.api;

import jakarta.annotation.security.PermitAll;
import jakarta.inject.Singleton;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Set;
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
    private final List<byte[]> hashes;

    KeyFilter(RelayConfig config) {
        this.open = config.api().open();
        this.hashes = config.api().keys().values().stream().map(KeyFilter::hash).toList();
    }

    @ServerRequestFilter
    @Nullable
    Response check(ContainerRequestContext request, SimpleResourceInfo resource) {
        if (open && isFromForeignPage(request)) {
            return Problem.response(
                    Response.Status.FORBIDDEN,
                    "a page of another site may change nothing here; relay.api.keys serves programs and people elsewhere");
        }
        if (open
                || resource.getResourceClass().isAnnotationPresent(PermitAll.class)
                || isKey(request.getHeaderString(HttpHeaders.AUTHORIZATION))) {
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

    /** Compares hashes, all of them and in constant time, so that the answer's time tells nothing about a key. */
    private boolean isKey(@Nullable String header) {
        if (header == null || !header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            return false;
        }
        byte[] given = hash(header.substring(SCHEME.length()));
        boolean known = false;
        for (byte[] hash : hashes) {
            known |= MessageDigest.isEqual(hash, given);
        }
        return known;
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

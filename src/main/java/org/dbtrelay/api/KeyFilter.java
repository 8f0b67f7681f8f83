package org.dbtrelay.api;

import jakarta.annotation.security.PermitAll;
import jakarta.inject.Singleton;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.lang.reflect.Method;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.config.Role;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;
import org.jboss.resteasy.reactive.server.SimpleResourceInfo;
import org.jspecify.annotations.Nullable;

/**
 * Lets those in who have one of {@code relay.api.keys} and the role that the operation needs, and everybody where the API was declared open. Resources with {@link
 * PermitAll} see to it themselves.
 */
@Singleton
class KeyFilter {

    private static final String SCHEME = "Bearer ";
    private static final Set<String> SAFE = Set.of("GET", "HEAD", "OPTIONS");

    private final boolean open;
    /** The hash of each key, by the key's name in the configuration. */
    private final Map<String, byte[]> hashes;

    /** What each key may do, by its name; everything, if it is not in here. */
    private final Map<String, Role> roles;

    private final @Nullable InstanceSignature signature;

    private final OpenIdConnect people;

    KeyFilter(RelayConfig config, OpenIdConnect people, Clock clock) {
        this.people = people;
        this.open = config.api().open();
        this.hashes = config.api().keys().entrySet().stream()
                .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, key -> hash(key.getValue())));
        this.roles = Map.copyOf(config.api().roles());
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
            Role role = roles.getOrDefault(name, Role.OPERATOR);
            return admit(request, resource, name, role, Caller.KEY);
        }
        Optional<OpenIdConnect.Person> person = people.person();
        if (person.isPresent()) {
            return admit(request, resource, person.get());
        }
        Response refusal = Problem.response(
                Response.Status.UNAUTHORIZED,
                people.isEnabled()
                        ? "send one of relay.api.keys, or a token of the identity provider, as 'Authorization: Bearer <it>'"
                        : "send one of relay.api.keys as 'Authorization: Bearer <key>'; relay.api.open=true serves the API"
                                + " without");
        refusal.getHeaders().add(HttpHeaders.WWW_AUTHENTICATE, "Bearer");
        return refusal;
    }

    private static @Nullable Response admit(
            ContainerRequestContext request, SimpleResourceInfo resource, String name, Role role, String signIn) {
        Role needed = needed(method(resource));
        if (!role.includes(needed)) {
            return Problem.forbidden(
                    needed.wireName(),
                    "this needs the role " + needed.wireName() + "; " + name + " has the role " + role.wireName());
        }
        request.setSecurityContext(
                new Caller(name, role, signIn, request.getSecurityContext().isSecure()));
        return null;
    }

    private static @Nullable Response admit(
            ContainerRequestContext request, SimpleResourceInfo resource, OpenIdConnect.Person person) {
        if (person.role().isEmpty()) {
            return Problem.forbidden(
                    needed(method(resource)).wireName(),
                    "the token of " + person.name()
                            + " names no role here; relay.api.openid-connect says which there are");
        }
        return admit(request, resource, person.name(), person.role().get(), Caller.OPENID_CONNECT);
    }

    private static Method method(SimpleResourceInfo resource) {
        try {
            return resource.getResourceClass().getMethod(resource.getMethodName(), resource.parameterTypes());
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException("a request is for a method that is not there", e);
        }
    }

    /** The role that an operation needs. */
    static Role needed(Method operation) {
        @Nullable Needs needs = operation.getAnnotation(Needs.class);
        if (needs != null) {
            return needs.value();
        }
        return operation.isAnnotationPresent(GET.class) ? Role.VIEWER : Role.OPERATOR;
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

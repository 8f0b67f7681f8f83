package org.dbtrelay.emulator;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The calls that the emulator knows, with dbt Cloud's exact paths: all end in a slash, but for a single artifact and the
 * webhooks. A question mark stands before a path that no document of dbt Cloud has, and that clients use. Names are used in
 * counters and faults.
 */
public enum Endpoint {
    WHOAMI("GET", "?/api/v2/whoami/"),
    LIST_ACCOUNTS("GET", "/api/v2/accounts/", "/api/v3/accounts/"),
    GET_ACCOUNT("GET", "/api/v2/accounts/{account}/"),
    LIST_PROJECTS("GET", "/api/v3/accounts/{account}/projects/", "/api/v2/accounts/{account}/projects/"),
    GET_PROJECT(
            "GET", "/api/v3/accounts/{account}/projects/{project}/", "/api/v2/accounts/{account}/projects/{project}/"),
    LIST_ENVIRONMENTS(
            "GET",
            "/api/v3/accounts/{account}/projects/{project}/environments/",
            "/api/v2/accounts/{account}/environments/",
            "?/api/v3/accounts/{account}/environments/"),
    GET_ENVIRONMENT(
            "GET",
            "/api/v3/accounts/{account}/projects/{project}/environments/{environment}/",
            "/api/v2/accounts/{account}/environments/{environment}/"),
    GET_CONNECTION("GET", "/api/v3/accounts/{account}/connections/{connection}/"),
    LIST_JOBS("GET", "/api/v2/accounts/{account}/jobs/"),
    CREATE_JOB("POST", "/api/v2/accounts/{account}/jobs/"),
    GET_JOB("GET", "/api/v2/accounts/{account}/jobs/{job}/"),
    DELETE_JOB("DELETE", "/api/v2/accounts/{account}/jobs/{job}/"),
    TRIGGER("POST", "/api/v2/accounts/{account}/jobs/{job}/run/"),
    RERUN("POST", "/api/v2/accounts/{account}/jobs/{job}/rerun/"),
    GET_JOB_ARTIFACT("GET", "/api/v2/accounts/{account}/jobs/{job}/artifacts/{remainder}"),
    LIST_RUNS("GET", "/api/v2/accounts/{account}/runs/"),
    GET_RUN("GET", "/api/v2/accounts/{account}/runs/{run}/"),
    CANCEL("POST", "/api/v2/accounts/{account}/runs/{run}/cancel/"),
    GET_RETRY("GET", "/api/v2/accounts/{account}/runs/{run}/retry/"),
    RETRY("POST", "/api/v2/accounts/{account}/runs/{run}/retry/"),
    LIST_ARTIFACTS("GET", "/api/v2/accounts/{account}/runs/{run}/artifacts/"),
    GET_ARTIFACT("GET", "/api/v2/accounts/{account}/runs/{run}/artifacts/{remainder}"),
    GET_STEP("GET", "/api/v2/accounts/{account}/steps/{step}/"),
    LIST_WEBHOOKS("GET", "/api/v3/accounts/{account}/webhooks/subscriptions"),
    CREATE_WEBHOOK("POST", "/api/v3/accounts/{account}/webhooks/subscriptions"),
    GET_WEBHOOK("GET", "/api/v3/accounts/{account}/webhooks/subscription/{subscription}"),
    UPDATE_WEBHOOK("PUT", "/api/v3/accounts/{account}/webhooks/subscription/{subscription}"),
    DELETE_WEBHOOK("DELETE", "/api/v3/accounts/{account}/webhooks/subscription/{subscription}"),
    TEST_WEBHOOK("GET", "/api/v3/accounts/{account}/webhooks/subscription/{subscription}/test"),
    LIST_WEBHOOK_EVENTS("GET", "/api/v3/accounts/{account}/webhooks/subscription/{subscription}/events"),
    /** None of the above: answered 404, or 405 if only the method is wrong. */
    UNKNOWN("");

    private final String method;

    @SuppressWarnings("ImmutableEnumChecker") // an unmodifiable list
    private final List<Path> paths;

    Endpoint(String method, String... templates) {
        this.method = method;
        this.paths = Stream.of(templates).map(Path::of).toList();
    }

    /** The path of the endpoint; a path that is not documented is there for clients that use it, and not for strict tests. */
    private record Path(Pattern pattern, boolean documented) {
        static Path of(String template) {
            boolean documented = !template.startsWith("?");
            return new Path(compiled(documented ? template : template.substring(1)), documented);
        }
    }

    /** An endpoint and the variables in the path. */
    record Match(Endpoint endpoint, Map<String, String> variables) {}

    String method() {
        return method;
    }

    /**
     * The endpoint at that path; the raw path, still percent-encoded. If this is not strict, a path with one slash too few
     * or too many at its end is as good as the right one.
     */
    static Match match(String method, String path, boolean strict) {
        Match exact = matchExactly(method, path, strict);
        return exact.endpoint() == UNKNOWN && !strict ? matchExactly(method, otherWay(path), false) : exact;
    }

    private static Match matchExactly(String method, String path, boolean strict) {
        for (Endpoint endpoint : values()) {
            if (endpoint.method.equals(method)) {
                Optional<Map<String, String>> variables = endpoint.variables(path, strict);
                if (variables.isPresent()) {
                    return new Match(endpoint, variables.get());
                }
            }
        }
        return new Match(UNKNOWN, Map.of());
    }

    /** Whether the request's path is one of ours with another method. */
    static boolean isKnownPath(Request request) {
        String path = request.path();
        return Stream.of(values())
                .anyMatch(endpoint -> endpoint.variables(path, request.strict()).isPresent()
                        || (!request.strict()
                                && endpoint.variables(otherWay(path), false).isPresent()));
    }

    private static String otherWay(String path) {
        return path.endsWith("/") ? path.substring(0, path.length() - 1) : path + "/";
    }

    private Optional<Map<String, String>> variables(String path, boolean strict) {
        for (Path known : paths) {
            Matcher matcher = known.pattern().matcher(path);
            if (matcher.matches() && (known.documented() || !strict)) {
                Map<String, String> found = new HashMap<>();
                known.pattern().namedGroups().forEach((name, group) -> found.put(name, matcher.group(group)));
                return Optional.of(found);
            }
        }
        return Optional.empty();
    }

    private static Pattern compiled(String template) {
        return Pattern.compile(
                Pattern.compile("\\{(\\w+)}").matcher(template).replaceAll(variable -> switch (variable.group(1)) {
                    case "remainder" -> "(?<remainder>.+)";
                    case "subscription" -> "(?<subscription>[^/]+)";
                    case String name -> "(?<" + name + ">[0-9]{1,18})";
                }));
    }
}

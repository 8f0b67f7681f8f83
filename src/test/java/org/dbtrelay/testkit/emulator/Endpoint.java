package org.dbtrelay.testkit.emulator;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The calls that the emulator knows, with dbt Cloud's exact paths: all end in a slash, but for a single artifact and the
 * webhooks. Names are used in counters and faults.
 */
public enum Endpoint {
    LIST_ACCOUNTS("GET", "/api/v2/accounts/", "/api/v3/accounts/"),
    GET_ACCOUNT("GET", "/api/v2/accounts/{account}/"),
    LIST_PROJECTS("GET", "/api/v3/accounts/{account}/projects/", "/api/v2/accounts/{account}/projects/"),
    GET_PROJECT(
            "GET", "/api/v3/accounts/{account}/projects/{project}/", "/api/v2/accounts/{account}/projects/{project}/"),
    LIST_ENVIRONMENTS(
            "GET",
            "/api/v3/accounts/{account}/projects/{project}/environments/",
            "/api/v2/accounts/{account}/environments/"),
    GET_ENVIRONMENT(
            "GET",
            "/api/v3/accounts/{account}/projects/{project}/environments/{environment}/",
            "/api/v2/accounts/{account}/environments/{environment}/"),
    LIST_JOBS("GET", "/api/v2/accounts/{account}/jobs/"),
    GET_JOB("GET", "/api/v2/accounts/{account}/jobs/{job}/"),
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
    /** Whatever is none of the above: answered 404, or 405 if only the method is wrong. */
    UNKNOWN("");

    private final String method;

    @SuppressWarnings("ImmutableEnumChecker") // an unmodifiable list
    private final List<Pattern> patterns;

    Endpoint(String method, String... templates) {
        this.method = method;
        this.patterns = Stream.of(templates).map(Endpoint::compiled).toList();
    }

    /** An endpoint and the variables in the path. */
    record Match(Endpoint endpoint, Map<String, String> variables) {}

    String method() {
        return method;
    }

    /** What stands at that path; the raw path, still percent-encoded. */
    static Match match(String method, String path) {
        for (Endpoint endpoint : values()) {
            if (endpoint.method.equals(method)) {
                Optional<Map<String, String>> variables = endpoint.variables(path);
                if (variables.isPresent()) {
                    return new Match(endpoint, variables.get());
                }
            }
        }
        return new Match(UNKNOWN, Map.of());
    }

    /** Whether the path is one of ours with another method. */
    static boolean isKnownPath(String path) {
        return Stream.of(values()).anyMatch(endpoint -> endpoint.variables(path).isPresent());
    }

    private Optional<Map<String, String>> variables(String path) {
        for (Pattern pattern : patterns) {
            Matcher matcher = pattern.matcher(path);
            if (matcher.matches()) {
                Map<String, String> found = new HashMap<>();
                pattern.namedGroups().forEach((name, group) -> found.put(name, matcher.group(group)));
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

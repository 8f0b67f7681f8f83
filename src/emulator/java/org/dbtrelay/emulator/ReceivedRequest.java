package org.dbtrelay.emulator;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A request in the log.
 *
 * @param query decoded, the values of repeated keys joined by {@code &}
 * @param headers some of them, names in lower case; of {@code authorization} only the scheme
 * @param body at most 8 KiB of it
 */
public record ReceivedRequest(
        Instant at,
        Endpoint endpoint,
        String method,
        String path,
        Map<String, String> query,
        Map<String, String> headers,
        String body) {
    private static final int MOST = 8192;
    private static final Set<String> KEPT = Set.of(
            "user-agent",
            "accept",
            "accept-encoding",
            "connection",
            "content-length",
            "content-type",
            "traceparent",
            "tracestate",
            "host");

    static ReceivedRequest of(Request request, Instant at) {
        Map<String, String> query = new TreeMap<>();
        request.query().values().forEach((name, values) -> query.put(name, String.join("&", values)));
        Map<String, String> headers = new TreeMap<>(request.headers());
        headers.keySet().retainAll(KEPT);
        String authorization = request.headers().get("authorization");
        if (authorization != null) {
            headers.put("authorization", authorization.replaceFirst(" .*", ""));
        }
        byte[] body = request.body();
        String text = new String(body, 0, Math.min(body.length, MOST), StandardCharsets.UTF_8);
        return new ReceivedRequest(at, request.endpoint(), request.method(), request.path(), query, headers, text);
    }
}

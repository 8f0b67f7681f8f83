package org.dbtrelay.emulator;

import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * The other host: an object store that keeps artifacts and step logs behind presigned URLs. That dbt Cloud has them is documented
 * for step logs (notes of June 2026: valid for 15 minutes); that its API redirects there is a guess. What the store answers is as
 * seen of Amazon S3: it refuses a request with a token beside the signature.
 */
final class Storage {

    /** So long a URL is valid. */
    static final Duration VALID = Duration.ofMinutes(15);

    private static final int MOST_KEPT_REQUESTS = 1_000;
    private static final Set<Endpoint> FILES = Set.of(Endpoint.GET_ARTIFACT, Endpoint.GET_JOB_ARTIFACT, Endpoint.GET_STEP);

    private record Signed(Answer answer, Instant until) {}

    /**
     * A request that the store got, as it came.
     *
     * @param headers all of them, names in lower case
     */
    record Received(String method, String uri, Map<String, String> headers) {}

    private final Clock clock;
    private final Supplier<String> baseUrl;
    private final Map<String, Signed> signed = new ConcurrentHashMap<>();
    private final Deque<Received> requests = new ArrayDeque<>();
    private final Random random = new Random();

    Storage(Clock clock, Supplier<String> baseUrl) {
        this.clock = clock;
        this.baseUrl = baseUrl;
    }

    /** The answer, or a redirect to it if it is a good one with a file or the logs of steps. */
    Answer presigned(Request request, Answer answer) {
        if (answer.status() != 200 || !hasFile(request)) {
            return answer;
        }
        Instant now = clock.instant();
        signed.values().removeIf(each -> !each.until().isAfter(now));
        byte[] signature = new byte[32];
        random.nextBytes(signature);
        String uri = "/dbt-cloud" + request.path() + "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires="
                + VALID.toSeconds() + "&X-Amz-SignedHeaders=host&X-Amz-Signature="
                + HexFormat.of().formatHex(signature);
        signed.put(uri, new Signed(answer, now.plus(VALID)));
        return Answer.of(302, Answer.HTML, "").with("Location", baseUrl.get() + uri);
    }

    private static boolean hasFile(Request request) {
        return FILES.contains(request.endpoint())
                || (request.endpoint() == Endpoint.GET_RUN
                        && request.query().values().getOrDefault("include_related", List.of()).stream()
                                .anyMatch(included -> included.contains("run_steps")));
    }

    /** The file behind a presigned URL. */
    Answer answer(Received request) {
        synchronized (requests) {
            requests.addLast(request);
            if (requests.size() > MOST_KEPT_REQUESTS) {
                requests.removeFirst();
            }
        }
        if (request.headers().containsKey("authorization")) {
            return error(400, "InvalidArgument", "Only one auth mechanism allowed");
        }
        Signed found = signed.get(request.uri());
        if (found == null || !request.method().equals("GET")) {
            return error(403, "SignatureDoesNotMatch", "The signature does not match");
        }
        return found.until().isAfter(clock.instant())
                ? found.answer()
                : error(403, "AccessDenied", "Request has expired");
    }

    /** The latest requests, oldest first, at most 1,000. */
    List<Received> requests() {
        synchronized (requests) {
            return List.copyOf(requests);
        }
    }

    private static Answer error(int status, String code, String message) {
        return Answer.of(
                status,
                "application/xml",
                new Content.Bytes(("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + code
                                + "</Code><Message>" + message + "</Message></Error>")
                        .getBytes(StandardCharsets.UTF_8)));
    }
}

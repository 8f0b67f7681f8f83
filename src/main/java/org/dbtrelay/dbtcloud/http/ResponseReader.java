package org.dbtrelay.dbtcloud.http;

import jakarta.ws.rs.core.HttpHeaders;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongFunction;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.RequestBudget;
import org.dbtrelay.dbtcloud.budget.Suspension;
import org.dbtrelay.run.job.CallFailure;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/** Makes values and failures of the answers of a connection, and suspends the accounts that refuse it. */
final class ResponseReader {

    private static final int LONGEST_BAD_BODY = 64 * 1024;

    /** For what is cut while it comes in, such as steps with their logs; what is held has {@link BoundedStream}'s own bound. */
    private static final int LARGEST_BODY = 512 * 1024 * 1024;

    private final FailureMapper failures;
    private final LongFunction<RequestBudget> budgets;
    private final Set<Long> accounts;
    private final Clock clock;
    private final Map<Long, Suspension> suspensions;
    private final boolean suspends;

    /** {@code accounts}: those that commands may name. */
    ResponseReader(FailureMapper failures, LongFunction<RequestBudget> budgets, Set<Long> accounts, Clock clock) {
        this(failures, budgets, accounts, clock, new ConcurrentHashMap<>(), true);
    }

    private ResponseReader(
            FailureMapper failures,
            LongFunction<RequestBudget> budgets,
            Set<Long> accounts,
            Clock clock,
            Map<Long, Suspension> suspensions,
            boolean suspends) {
        this.failures = failures;
        this.budgets = budgets;
        this.accounts = Set.copyOf(accounts);
        this.clock = clock;
        this.suspensions = suspensions;
        this.suspends = suspends;
    }

    /** The same for answers that suspend no account, whatever they say. */
    ResponseReader withoutSuspending() {
        return new ResponseReader(failures, budgets, accounts, clock, suspensions, false);
    }

    /**
     * A redirect that was followed.
     *
     * @param home whether it stayed at the configured host, so that the token was sent there
     */
    record Detour(int status, URI target, boolean home) {}

    /** Whether the account may be asked to start runs. */
    Suspension suspension(long accountId) {
        return suspensions.computeIfAbsent(accountId, account -> new Suspension());
    }

    /** The accounts that may not be asked to start runs now. */
    Map<Long, Suspension.Suspended> suspended() {
        Map<Long, Suspension.Suspended> found = new TreeMap<>();
        suspensions.forEach(
                (account, suspension) -> suspension.current().ifPresent(current -> found.put(account, current)));
        return found;
    }

    /** Throws the meaning of a bad answer, and suspends or cools down the account if the answer says so. */
    void check(long accountId, RestResponse<InputStream> response, @Nullable Detour detour) throws DbtCloudException {
        int status = response.getStatus();
        if (status >= 200 && status < 300) {
            return;
        }
        ErrorResponse answer = new ErrorResponse(
                status,
                response.getHeaderString(HttpHeaders.CONTENT_TYPE),
                retryAfter(response),
                beginningOf(response));
        CallFailure failure = detour == null || detour.home()
                ? failures.of(answer)
                : failures.elsewhere(answer, detour.status(), detour.target());
        if (failure instanceof CallFailure.Limited limited) {
            budgets.apply(accountId).coolDown(limited.pause());
        }
        // Of any other account nothing is started: a person who reads it over HTTP may have mistyped its number.
        if (suspends && failure instanceof CallFailure.Suspended suspended && accounts.contains(accountId)) {
            suspension(accountId).suspend(clock.instant(), suspended.detail());
        }
        throw new DbtCloudException(failure);
    }

    /** Whether it is a page in place of data, most likely one to log in. */
    static boolean isPage(RestResponse<InputStream> response) {
        String type = response.getHeaderString(HttpHeaders.CONTENT_TYPE);
        return response.getStatus() / 100 == 2
                && type != null
                && type.toLowerCase(Locale.ROOT).contains("html");
    }

    private static @Nullable String retryAfter(RestResponse<InputStream> response) {
        String standard = response.getHeaderString(HttpHeaders.RETRY_AFTER);
        return standard != null ? standard : response.getHeaderString("x-rate-limit-retry-after-seconds");
    }

    private static String beginningOf(RestResponse<InputStream> response) {
        try {
            return new String(content(response).readNBytes(LONGEST_BAD_BODY), StandardCharsets.UTF_8);
        } catch (IOException e) {
            // The status says enough; the rest of the body did not come.
            return "";
        }
    }

    /** The value of a good answer to a read. */
    <T> T read(RestResponse<InputStream> response, BodyReader<T> reader) throws DbtCloudException {
        try {
            return reader.read(content(response));
        } catch (BoundedStream.TooLarge e) {
            throw new DbtCloudException(failures.tooLarge(response.getStatus(), e), e);
        } catch (IOException e) {
            throw unreadable(response, e);
        }
    }

    /** The value of a good answer to a change. If it cannot be read, the fate of the change is unclear. */
    <T> T readChanged(RestResponse<InputStream> response, BodyReader<T> reader) throws DbtCloudException {
        try {
            return reader.read(content(response));
        } catch (IOException e) {
            throw unreadable(response, e);
        }
    }

    DbtCloudException unreadable(RestResponse<InputStream> response, IOException e) {
        return new DbtCloudException(
                failures.unreadable(response.getStatus(), response.getHeaderString(HttpHeaders.CONTENT_TYPE), e), e);
    }

    /** The body, unpacked where it came packed. A small packed body may unpack to a huge one, so it has a bound. */
    private static InputStream content(RestResponse<InputStream> response) throws IOException {
        String encoding = response.getHeaderString(HttpHeaders.CONTENT_ENCODING);
        return new BoundedStream(UnpackedStream.of(body(response), encoding), LARGEST_BODY);
    }

    /** The body as it comes in; without bytes if there is none. */
    static InputStream body(RestResponse<InputStream> response) {
        @Nullable InputStream body = response.getEntity();
        return body == null ? InputStream.nullInputStream() : body;
    }
}

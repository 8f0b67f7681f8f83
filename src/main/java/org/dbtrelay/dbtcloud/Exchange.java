package org.dbtrelay.dbtcloud;

import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.LongFunction;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.FailureMapper.BadAnswer;
import org.dbtrelay.dbtcloud.RequestBudget.Permit;
import org.dbtrelay.run.CallFailure;
import org.jspecify.annotations.Nullable;

/**
 * One request and its answer: a permit of the budget, a limit on the whole call, a value or a {@link DbtCloudException}.
 * Nothing is repeated here. Calls block; callers are virtual threads.
 */
final class Exchange {

    private static final int LONGEST_BAD_BODY = 64 * 1024;

    /** Makes a value of a good answer's body; null if there is no body. */
    @FunctionalInterface
    interface Reader<T> {
        /** Throws {@link Envelope.UnreadableAnswer} for what makes no sense. */
        T read(@Nullable InputStream body) throws IOException;
    }

    private final DbtCloudApi reads;
    private final DbtCloudApi posts;
    private final LongFunction<RequestBudget> budgets;
    private final FailureMapper failures;
    private final Duration limit;
    private final Clock clock;
    private final Monotonic monotonic;
    private final Map<Long, Suspension> suspensions = new ConcurrentHashMap<>();

    /**
     * For one connection.
     *
     * @param posts a client that never sends over a connection that was used before
     * @param budgets the budget of an account
     * @param limit how long a call may take in all
     */
    Exchange(
            DbtCloudApi reads,
            DbtCloudApi posts,
            LongFunction<RequestBudget> budgets,
            FailureMapper failures,
            Duration limit,
            Clock clock,
            Monotonic monotonic) {
        this.reads = reads;
        this.posts = posts;
        this.budgets = budgets;
        this.failures = failures;
        this.limit = limit;
        this.clock = clock;
        this.monotonic = monotonic;
    }

    /** Reads something in the account's budget. */
    <T> T get(long accountId, Priority priority, Function<DbtCloudApi, Uni<Response>> call, Reader<T> reader)
            throws DbtCloudException {
        try (Permit _ = acquire(accountId, priority)) {
            return complete(accountId, call.apply(reads), null, reader);
        }
    }

    /** Changes something on a permit that is already there, which is closed. */
    <T> T post(
            long accountId,
            Permit permit,
            Function<DbtCloudApi, Uni<Response>> call,
            @Nullable GuardedBody body,
            Reader<T> reader)
            throws DbtCloudException {
        try (permit) {
            if (!permit.isOpen()) {
                throw new IllegalArgumentException("A permit is for one request.");
            }
            return complete(accountId, call.apply(posts), body, reader);
        }
    }

    /** Reads something large while it comes in. The limit holds for its beginning, not for all of it. */
    <T> T stream(long accountId, Priority priority, Function<DbtCloudApi, Response> call, Reader<T> reader)
            throws DbtCloudException {
        try (Permit _ = acquire(accountId, priority);
                Response response = begin(accountId, call)) {
            return read(response, reader);
        }
    }

    /** Opens something large. Whoever closes it gives the permit back. */
    ArtifactBody open(long accountId, Priority priority, Function<DbtCloudApi, Response> call)
            throws DbtCloudException {
        Permit permit = acquire(accountId, priority);
        try {
            return ArtifactBody.of(begin(accountId, call), permit);
        } catch (DbtCloudException | RuntimeException e) {
            permit.close();
            throw e;
        }
    }

    /** Waits for a permit of the account. */
    Permit acquire(long accountId, Priority priority) throws DbtCloudException {
        try {
            return budget(accountId).acquire(priority);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DbtCloudException(failures.of(e, true), e);
        }
    }

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

    RequestBudget budget(long accountId) {
        return budgets.apply(accountId);
    }

    private <T> T complete(long accountId, Uni<Response> call, @Nullable GuardedBody body, Reader<T> reader)
            throws DbtCloudException {
        try (Response response = await(call, body)) {
            check(accountId, response);
            return read(response, reader);
        }
    }

    private Response await(Uni<Response> call, @Nullable GuardedBody body) throws DbtCloudException {
        CompletableFuture<Response> answer = call.subscribeAsCompletionStage();
        try {
            return monotonic.get(answer, limit);
        } catch (TimeoutException e) {
            boolean notSent = body != null && body.withdraw();
            // Cancelling resets the request, which closes its connection: nothing may arrive later than the limit.
            answer.cancel(true);
            throw new DbtCloudException(failures.late(limit, notSent), e);
        } catch (InterruptedException e) {
            boolean notSent = body != null && body.withdraw();
            answer.cancel(true);
            Thread.currentThread().interrupt();
            throw new DbtCloudException(failures.of(e, notSent), e);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            boolean notSent = body == null ? FailureMapper.isBeforeSending(cause) : body.withdraw();
            throw new DbtCloudException(failures.of(cause, notSent), cause);
        }
    }

    private Response begin(long accountId, Function<DbtCloudApi, Response> call) throws DbtCloudException {
        Response response;
        try {
            response = call.apply(reads);
        } catch (RuntimeException e) {
            throw new DbtCloudException(failures.of(e, FailureMapper.isBeforeSending(e)), e);
        }
        try {
            check(accountId, response);
        } catch (DbtCloudException | RuntimeException e) {
            response.close();
            throw e;
        }
        return response;
    }

    private void check(long accountId, Response response) throws DbtCloudException {
        int status = response.getStatus();
        if (status >= 200 && status < 300) {
            return;
        }
        CallFailure failure = failures.of(new BadAnswer(
                status,
                response.getHeaderString(HttpHeaders.CONTENT_TYPE),
                retryAfter(response),
                response.getHeaderString(HttpHeaders.LOCATION),
                beginningOf(response)));
        if (failure instanceof CallFailure.Limited limited) {
            budget(accountId).coolDown(limited.pause());
        }
        if (failure instanceof CallFailure.Suspended suspended) {
            suspension(accountId).suspend(clock.instant(), suspended.detail());
        }
        throw new DbtCloudException(failure);
    }

    private static @Nullable String retryAfter(Response response) {
        String standard = response.getHeaderString(HttpHeaders.RETRY_AFTER);
        return standard != null ? standard : response.getHeaderString("x-rate-limit-retry-after-seconds");
    }

    private static String beginningOf(Response response) {
        InputStream body = body(response);
        if (body == null) {
            return "";
        }
        try {
            return new String(body.readNBytes(LONGEST_BAD_BODY), StandardCharsets.UTF_8);
        } catch (IOException e) {
            // The status says enough; what else there was to read did not come.
            return "";
        }
    }

    private <T> T read(Response response, Reader<T> reader) throws DbtCloudException {
        try {
            return reader.read(body(response));
        } catch (IOException e) {
            throw new DbtCloudException(
                    failures.unreadable(response.getStatus(), response.getHeaderString(HttpHeaders.CONTENT_TYPE), e),
                    e);
        }
    }

    static @Nullable InputStream body(Response response) {
        return response.hasEntity() ? response.readEntity(InputStream.class) : null;
    }
}

package org.dbtrelay.dbtcloud.http;

import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.budget.RequestBudget;
import org.dbtrelay.dbtcloud.budget.RequestBudget.Permit;
import org.dbtrelay.dbtcloud.budget.Suspension;
import org.dbtrelay.dbtcloud.http.ResponseReader.Detour;
import org.jspecify.annotations.Nullable;

/**
 * One request and its answer: a permit of the budget, a limit on the whole call, a value or a {@link DbtCloudException}.
 * Nothing is repeated here; only reads go on to where a redirect points, as {@link Redirects} allow it. Calls block; callers
 * are virtual threads.
 */
public final class ApiCalls {

    private final DbtCloudApi reads;
    private final DbtCloudApi posts;
    private final RedirectedApi redirected;
    private final Redirects redirects;
    private final LongFunction<RequestBudget> budgets;
    private final FailureMapper failures;
    private final ResponseReader answers;
    private final Duration limit;
    private final Monotonic monotonic;

    /**
     * For one connection.
     *
     * @param posts a client that never sends over a connection that was used before
     * @param redirected goes on with reads where {@code redirects} allow it
     * @param budgets the budget of an account
     * @param accounts those that commands may name
     * @param limit how long each request may take in all
     */
    public ApiCalls(
            DbtCloudApi reads,
            DbtCloudApi posts,
            RedirectedApi redirected,
            Redirects redirects,
            LongFunction<RequestBudget> budgets,
            Set<Long> accounts,
            FailureMapper failures,
            Duration limit,
            Clock clock,
            Monotonic monotonic) {
        this(
                reads,
                posts,
                redirected,
                redirects,
                budgets,
                failures,
                new ResponseReader(failures, budgets, accounts, clock),
                limit,
                monotonic);
    }

    private ApiCalls(
            DbtCloudApi reads,
            DbtCloudApi posts,
            RedirectedApi redirected,
            Redirects redirects,
            LongFunction<RequestBudget> budgets,
            FailureMapper failures,
            ResponseReader answers,
            Duration limit,
            Monotonic monotonic) {
        this.reads = reads;
        this.posts = posts;
        this.redirected = redirected;
        this.redirects = redirects;
        this.budgets = budgets;
        this.failures = failures;
        this.answers = answers;
        this.limit = limit;
        this.monotonic = monotonic;
    }

    /** The same for reads that nothing depends on: a refusal of one of them suspends no account. */
    public ApiCalls withoutSuspending() {
        return new ApiCalls(
                reads, posts, redirected, redirects, budgets, failures, answers.withoutSuspending(), limit, monotonic);
    }

    /** Reads something in the account's budget. */
    public <T> T get(long accountId, Priority priority, Function<DbtCloudApi, Uni<Response>> call, BodyReader<T> reader)
            throws DbtCloudException {
        try (Answered answered = ask(
                accountId, priority, () -> await(call.apply(reads), null), url -> await(redirected.read(url), null))) {
            return answers.read(answered.response(), reader);
        }
    }

    /** Changes something on a permit that is already there, which is closed. */
    public <T> T post(
            long accountId,
            Permit permit,
            Function<DbtCloudApi, Uni<Response>> call,
            @Nullable GuardedBody body,
            BodyReader<T> reader)
            throws DbtCloudException {
        try (permit) {
            if (!permit.isOpen()) {
                throw new IllegalArgumentException("A permit is for one request.");
            }
            try (Response response = await(call.apply(posts), body)) {
                if (response.getStatus() / 100 == 3) {
                    throw new DbtCloudException(failures.redirectedChange(
                            response.getStatus(), response.getHeaderString(HttpHeaders.LOCATION)));
                }
                answers.check(accountId, response, null);
                return answers.readChanged(response, reader);
            }
        }
    }

    /** Reads something large while it comes in. The limit holds for its beginning, not for all of it. */
    public <T> T stream(long accountId, Priority priority, Function<DbtCloudApi, Response> call, BodyReader<T> reader)
            throws DbtCloudException {
        try (Answered answered = begin(accountId, priority, call)) {
            return answers.read(answered.response(), reader);
        }
    }

    /** Opens something large. Closing it gives the permit back. */
    public ArtifactBody open(long accountId, Priority priority, Function<DbtCloudApi, Response> call)
            throws DbtCloudException {
        Answered answered = begin(accountId, priority, call);
        try {
            return ArtifactBody.of(answered.response(), answered.permit());
        } catch (IOException e) {
            answered.close();
            throw answers.unreadable(answered.response(), e);
        } catch (RuntimeException e) {
            answered.close();
            throw e;
        }
    }

    /** Waits for a permit of the account. */
    public Permit acquire(long accountId, Priority priority) throws DbtCloudException {
        try {
            return budget(accountId).acquire(priority);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DbtCloudException(failures.of(e, true), e);
        }
    }

    /** Whether the account may be asked to start runs. */
    public Suspension suspension(long accountId) {
        return answers.suspension(accountId);
    }

    /** The accounts that may not be asked to start runs now. */
    public Map<Long, Suspension.Suspended> suspended() {
        return answers.suspended();
    }

    /** The budget of an account. */
    public RequestBudget budget(long accountId) {
        return budgets.apply(accountId);
    }

    /** One request of a read. */
    @FunctionalInterface
    private interface Request {
        Response send() throws DbtCloudException;
    }

    /** The same, to where a redirect points. */
    @FunctionalInterface
    private interface Redirected {
        Response send(String url) throws DbtCloudException;
    }

    private record Answered(Response response, Permit permit) implements AutoCloseable {
        @Override
        public void close() {
            try (permit) {
                response.close();
            }
        }
    }

    /** Each redirect that is followed takes a permit of its own. */
    private Answered ask(long accountId, Priority priority, Request first, Redirected elsewhere)
            throws DbtCloudException {
        Request next = first;
        @Nullable Detour detour = null;
        for (int followed = 0; ; followed++) {
            Answered answered = send(accountId, priority, next);
            try {
                Response response = answered.response();
                int status = response.getStatus();
                String location = response.getHeaderString(HttpHeaders.LOCATION);
                switch (redirects.after(status, location, followed)) {
                    case Redirects.Next.Stay _ -> {
                        if (detour != null && ResponseReader.isPage(response)) {
                            throw new DbtCloudException(failures.redirectedToPage(detour.status(), detour.target()));
                        }
                        answers.check(accountId, response, detour);
                        return answered;
                    }
                    case Redirects.Next.Refuse(String rule) ->
                        throw new DbtCloudException(failures.redirectRefused(status, location, rule));
                    case Redirects.Next.GoTo(URI target) -> {
                        detour = new Detour(status, target, redirects.isHome(target));
                        next = () -> elsewhere.send(target.toString());
                    }
                }
            } catch (DbtCloudException | RuntimeException e) {
                answered.close();
                throw e;
            }
            answered.close();
        }
    }

    private Answered begin(long accountId, Priority priority, Function<DbtCloudApi, Response> call)
            throws DbtCloudException {
        return ask(
                accountId, priority, () -> begun(() -> call.apply(reads)), url -> begun(() -> redirected.stream(url)));
    }

    private Answered send(long accountId, Priority priority, Request request) throws DbtCloudException {
        Permit permit = acquire(accountId, priority);
        try {
            return new Answered(request.send(), permit);
        } catch (DbtCloudException | RuntimeException e) {
            permit.close();
            throw e;
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

    private Response begun(Supplier<Response> call) throws DbtCloudException {
        try {
            return call.get();
        } catch (RuntimeException e) {
            throw new DbtCloudException(failures.of(e, FailureMapper.isBeforeSending(e)), e);
        }
    }
}

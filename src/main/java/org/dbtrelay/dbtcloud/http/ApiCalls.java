package org.dbtrelay.dbtcloud.http;

import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.core.HttpHeaders;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.budget.RequestBudget;
import org.dbtrelay.dbtcloud.budget.RequestBudget.Permit;
import org.dbtrelay.dbtcloud.budget.Suspension;
import org.dbtrelay.dbtcloud.http.RequestsInFlight.InFlight;
import org.dbtrelay.dbtcloud.http.ResponseReader.Detour;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/**
 * One request and its answer: a permit of the budget, a limit on the whole call, a value or a {@link DbtCloudException}.
 * Nothing is repeated here; only reads go on to where a redirect points, as {@link Redirects} allow it. Calls block; callers
 * are virtual threads.
 */
public final class ApiCalls {

    private final ApiClients clients;
    private final Redirects redirects;
    private final LongFunction<RequestBudget> budgets;
    private final FailureMapper failures;
    private final ResponseReader answers;
    private final Duration limit;
    private final Monotonic monotonic;

    /**
     * For one connection.
     *
     * @param budgets the budget of an account
     * @param accounts those that commands may name
     * @param limit how long each request may take in all
     */
    public ApiCalls(
            ApiClients clients,
            Redirects redirects,
            LongFunction<RequestBudget> budgets,
            Set<Long> accounts,
            FailureMapper failures,
            Duration limit,
            Clock clock,
            Monotonic monotonic) {
        this(
                clients,
                redirects,
                budgets,
                failures,
                new ResponseReader(failures, budgets, accounts, clock),
                limit,
                monotonic);
    }

    private ApiCalls(
            ApiClients clients,
            Redirects redirects,
            LongFunction<RequestBudget> budgets,
            FailureMapper failures,
            ResponseReader answers,
            Duration limit,
            Monotonic monotonic) {
        this.clients = clients;
        this.redirects = redirects;
        this.budgets = budgets;
        this.failures = failures;
        this.answers = answers;
        this.limit = limit;
        this.monotonic = monotonic;
    }

    /** The same for reads that nothing depends on: a refusal of one of them suspends no account. */
    public ApiCalls withoutSuspending() {
        return new ApiCalls(clients, redirects, budgets, failures, answers.withoutSuspending(), limit, monotonic);
    }

    /** Reads something in the account's budget, within the limit. */
    public <T> T get(long accountId, Priority priority, ApiCall call, BodyReader<T> reader) throws DbtCloudException {
        try (Answered answered = ask(accountId, priority, call)) {
            return inTime(answered, () -> answers.read(answered.response(), reader));
        }
    }

    /** Changes something, within the limit, on a permit that is already there, which is closed. */
    public <T> T post(long accountId, Permit permit, ApiCall call, @Nullable GuardedBody body, BodyReader<T> reader)
            throws DbtCloudException {
        if (!permit.isOpen()) {
            throw new IllegalArgumentException("A permit is for one request.");
        }
        try (Answered answered = send(permit, () -> call.on(clients.posts()), body)) {
            RestResponse<InputStream> response = answered.response();
            if (response.getStatus() / 100 == 3) {
                throw new DbtCloudException(failures.redirectedChange(
                        response.getStatus(), response.getHeaderString(HttpHeaders.LOCATION)));
            }
            answers.check(accountId, response, null);
            return inTime(answered, () -> answers.readChanged(response, reader));
        }
    }

    /** Reads something large while it comes in. The limit holds for its beginning, not for all of it. */
    public <T> T stream(long accountId, Priority priority, ApiCall call, BodyReader<T> reader)
            throws DbtCloudException {
        try (Answered answered = ask(accountId, priority, call)) {
            answered.goesOn();
            return answers.read(answered.response(), reader);
        }
    }

    /** Opens something large. Closing it gives the permit back. */
    public ArtifactBody open(long accountId, Priority priority, ApiCall call) throws DbtCloudException {
        Answered answered = ask(accountId, priority, call);
        answered.goesOn();
        try {
            return ArtifactBody.of(answered);
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

    /** Each redirect that is followed takes a permit of its own. */
    private Answered ask(long accountId, Priority priority, ApiCall call) throws DbtCloudException {
        Supplier<Uni<RestResponse<InputStream>>> next = () -> call.on(clients.reads());
        @Nullable Detour detour = null;
        for (int followed = 0; ; followed++) {
            Answered answered = send(acquire(accountId, priority), next, null);
            try {
                RestResponse<InputStream> response = answered.response();
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
                        next = () -> clients.redirected().read(target.toString());
                    }
                }
            } catch (DbtCloudException | RuntimeException e) {
                answered.close();
                throw e;
            }
            answered.close();
        }
    }

    private Answered send(Permit permit, Supplier<Uni<RestResponse<InputStream>>> call, @Nullable GuardedBody body)
            throws DbtCloudException {
        try (@Nullable InFlight request = clients.inFlight().begin()) {
            if (request == null) {
                throw new DbtCloudException(failures.stopping(true));
            }
            long begin = monotonic.nanos();
            RestResponse<InputStream> response = await(call.get(), body);
            return new Answered(response, permit, limit.minusNanos(monotonic.nanos() - begin), monotonic);
        } catch (IllegalStateException e) {
            permit.close();
            // The client was closed after the request had begun, and says so before it sends anything.
            if (clients.inFlight().isClosed()) {
                throw new DbtCloudException(failures.stopping(true), e);
            }
            throw e;
        } catch (DbtCloudException | RuntimeException e) {
            permit.close();
            throw e;
        }
    }

    private RestResponse<InputStream> await(Uni<RestResponse<InputStream>> call, @Nullable GuardedBody body)
            throws DbtCloudException {
        CompletableFuture<RestResponse<InputStream>> answer = call.subscribeAsCompletionStage();
        try {
            return monotonic.get(answer, limit);
        } catch (TimeoutException e) {
            throw new DbtCloudException(failures.late(limit, withdraw(answer, body)), e);
        } catch (InterruptedException e) {
            boolean notSent = withdraw(answer, body);
            Thread.currentThread().interrupt();
            throw new DbtCloudException(failures.of(e, notSent), e);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            boolean notSent = body == null ? FailureMapper.isBeforeSending(cause) : body.withdraw();
            throw new DbtCloudException(
                    clients.inFlight().isClosed() ? failures.stopping(notSent) : failures.of(cause, notSent), cause);
        }
    }

    /** Whether it is sure that nothing was sent. */
    private static boolean withdraw(CompletableFuture<RestResponse<InputStream>> answer, @Nullable GuardedBody body) {
        boolean notSent = body != null && body.withdraw();
        // Cancelling resets the request, which closes its connection: nothing may arrive later than the limit.
        if (!answer.cancel(true) && !answer.isCompletedExceptionally()) {
            Answered.close(answer.join());
        }
        return notSent;
    }

    /** Reads a body that is broken off at the limit. */
    private <T> T inTime(Answered answered, BodyRead<T> read) throws DbtCloudException {
        try {
            return read.read();
        } catch (DbtCloudException e) {
            throw answered.isLate() ? new DbtCloudException(failures.late(limit, false), e) : e;
        }
    }

    /** Makes a value of a body, or a failure. */
    @FunctionalInterface
    private interface BodyRead<T> {
        T read() throws DbtCloudException;
    }
}

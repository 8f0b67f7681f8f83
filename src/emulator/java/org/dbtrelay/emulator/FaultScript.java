package org.dbtrelay.emulator;

import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A fault in the making; each of the last methods puts it in force. */
public final class FaultScript {
    private final Faults faults;
    final int times;
    final @Nullable Duration time;
    final double probability;
    final long seed;
    final Set<Endpoint> endpoints = EnumSet.noneOf(Endpoint.class);

    @Nullable
    Long accountId;

    @Nullable
    Long jobId;

    int skip;

    FaultScript(Faults faults, int times, @Nullable Duration time, double probability, long seed) {
        this.faults = faults;
        this.times = times;
        this.time = time;
        this.probability = probability;
        this.seed = seed;
    }

    /** Only at these endpoints; without this: at all. */
    public FaultScript on(Endpoint... which) {
        endpoints.addAll(List.of(which));
        return this;
    }

    /** Only for requests of that account. */
    public FaultScript ofAccount(long id) {
        accountId = id;
        return this;
    }

    /** Only for requests about that job: by path, by the run in the path, or by {@code job_definition_id}. */
    public FaultScript ofJob(long id) {
        jobId = id;
        return this;
    }

    /** Lets that many requests that fit pass first. */
    public FaultScript after(int requests) {
        skip = requests;
        return this;
    }

    /** Carries the request out, then closes the connection without an answer. */
    public FaultRule loseAnswerAfterCreating() {
        return put(new Fault.LoseAnswer(true, false));
    }

    /** Closes the connection without doing anything. */
    public FaultRule loseAnswerBeforeCreating() {
        return put(new Fault.LoseAnswer(false, false));
    }

    /** Carries the request out, then resets the connection (RST). */
    public FaultRule resetAfterCreating() {
        return put(new Fault.LoseAnswer(true, true));
    }

    /** Resets the connection (RST) without doing anything. */
    public FaultRule resetBeforeCreating() {
        return put(new Fault.LoseAnswer(false, true));
    }

    /** Carries the request out at once and answers after {@code delay} of real time. */
    public FaultRule answerLateAfterCreating(Duration delay) {
        return put(new Fault.AnswerLate(delay, true));
    }

    /** Waits {@code delay} of real time, and only then carries the request out and answers. */
    public FaultRule answerLateBeforeCreating(Duration delay) {
        return put(new Fault.AnswerLate(delay, false));
    }

    /** Never answers; the connection stays open, the request is carried out. */
    public FaultRule neverAnswerAfterCreating() {
        return answerLateAfterCreating(Duration.ofDays(1));
    }

    /** That status with dbt Cloud's error envelope, without doing anything. */
    public FaultRule status(int status) {
        return put(new Fault.AnswerWith(false, Envelope.error(status, messageOf(status))));
    }

    /** That status with dbt Cloud's error envelope, although the request is carried out. */
    public FaultRule statusAfterCreating(int status) {
        return put(new Fault.AnswerWith(true, Envelope.error(status, messageOf(status))));
    }

    /** That status with a page of HTML, as a gateway sends it, without doing anything. */
    public FaultRule htmlStatus(int status) {
        return put(new Fault.AnswerWith(false, html(status)));
    }

    /** That status with a page of HTML, although the request is carried out; with 200 dbt Cloud has been seen so. */
    public FaultRule htmlStatusAfterCreating(int status) {
        return put(new Fault.AnswerWith(true, html(status)));
    }

    /** 200 with nothing in it, although the request is carried out. */
    public FaultRule emptyAfterCreating() {
        return put(new Fault.AnswerWith(true, Answer.of(200, Answer.JSON, "")));
    }

    /** 200 with JSON that breaks off, although the request is carried out. */
    public FaultRule garbledAfterCreating() {
        return put(new Fault.AnswerWith(true, Answer.of(200, Answer.JSON, "{\"status\": {\"code\": 200, \"is_succ")));
    }

    /** Any answer, carried out or not. */
    public FaultRule answer(int status, String contentType, String body, boolean acts) {
        return put(new Fault.AnswerWith(acts, Answer.of(status, contentType, body)));
    }

    /** A redirect to {@code location}, without doing anything. */
    public FaultRule redirect(int status, String location) {
        return redirect(status, location, false);
    }

    /** A redirect to {@code location}, although the request is carried out. */
    public FaultRule redirectAfterCreating(int status, String location) {
        return redirect(status, location, true);
    }

    private FaultRule redirect(int status, String location, boolean acts) {
        return put(new Fault.AnswerWith(acts, Answer.of(status, Answer.HTML, "").with("Location", location)));
    }

    /** Carries the request out, sends the head and that many bytes of the body, then resets the connection. */
    public FaultRule resetMidBody(long bytes) {
        return put(new Fault.ResetMidBody(bytes));
    }

    /** Sends the body in pieces of {@code bytes}, with {@code pause} of real time after each. */
    public FaultRule slowBody(int bytes, Duration pause) {
        return put(new Fault.SlowBody(bytes, pause));
    }

    /** 429 without {@code Retry-After}; for {@code lockOut} the whole account is answered so. */
    public FaultRule tooManyRequests(Duration lockOut) {
        return put(new Fault.RateLimit(lockOut, null));
    }

    /** 429 with {@code Retry-After} as given; for {@code lockOut} the whole account is answered so. */
    public FaultRule tooManyRequests(Duration lockOut, String retryAfter) {
        return put(new Fault.RateLimit(lockOut, retryAfter));
    }

    /** 401, as for a token that is bad, revoked, or belongs to another host. */
    public FaultRule invalidToken() {
        return put(new Fault.AnswerWith(false, Refusal.invalidToken().answer()));
    }

    /** 403 with {@code account_access_denied}, as for a caller whose address is not allowed. */
    public FaultRule addressNotAllowed() {
        return put(new Fault.AnswerWith(
                false,
                Envelope.error(
                        403,
                        "Forbidden: Access denied",
                        Envelope.object()
                                .put("account_id", 1)
                                .put("user_id", 1)
                                .put("is_service_token", true)
                                .put("account_access_denied", true))));
    }

    /** 400 for requests with that query parameter, as if the server did not know it. */
    public FaultRule refuseParameter(String name) {
        return put(new Fault.RefuseParameter(name));
    }

    /** A run that is created is not in lists for {@code time} on the emulator's clock. */
    public FaultRule hideRunFromLists(Duration time) {
        return put(new Fault.HideRun(time, Duration.ZERO));
    }

    /** A run that is created is not in lists, and its GET is 404, for these times on the emulator's clock. */
    public FaultRule hideRun(Duration fromLists, Duration fromGet) {
        return put(new Fault.HideRun(fromLists, fromGet));
    }

    private FaultRule put(Fault fault) {
        return faults.add(this, fault);
    }

    private static Answer html(int status) {
        return Answer.of(
                status,
                Answer.HTML,
                "<html><head><title>%d</title></head><body><center><h1>%d</h1></center></body></html>\n"
                        .formatted(status, status));
    }

    private static String messageOf(int status) {
        return switch (status) {
            case 401 -> "Invalid token.";
            case 403 -> "Access denied: Token is not scoped to account.";
            case 404 -> Refusal.NOT_FOUND;
            case 429 -> "Request was throttled.";
            default -> "An unexpected error occurred. Please try again later.";
        };
    }
}

package org.dbtrelay.sim;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * A fault of dbt Cloud that never ends once it has begun.
 *
 * @param from simulated nanoseconds
 * @param calls the calls that it strikes
 * @param jobId the job whose calls it strikes; null: those of the whole account
 */
record Lasting(long from, Set<Call> calls, Long jobId, Answer answer) {

    /** What is asked of dbt Cloud. */
    enum Call {
        START,
        CANCEL,
        RUN,
        LIST,
        END,
        JOB,
        NAMES,
        ARTIFACTS
    }

    /** What is answered for ever. */
    enum Answer {
        UNAUTHORIZED,
        FORBIDDEN,
        FORBIDDEN_PAGE,
        NOT_FOUND,
        NOT_ALLOWED,
        CONFLICT,
        SERVER_ERROR,
        UNAVAILABLE,
        MOVED,
        NOTHING,
        DONE_WITHOUT_ANSWER,
        UNREADABLE,
        ODD_FIELDS;

        private static final Set<Answer> CARRIED_OUT = EnumSet.of(DONE_WITHOUT_ANSWER, UNREADABLE, ODD_FIELDS);

        /** The token may not see what is asked for, or it is gone. */
        private static final Set<Answer> UNSEEN = EnumSet.of(FORBIDDEN, FORBIDDEN_PAGE, NOT_FOUND);
    }

    /** The lasting fault of a history; null: it has none. */
    static Lasting of(Plan plan) {
        SplittableRandom random = new SplittableRandom(plan.seed() * 43 + 9);
        if (random.nextInt(8) != 0) {
            return null;
        }
        Answer answer = Answer.values()[random.nextInt(Answer.values().length)];
        boolean ofAccount = answer == Answer.UNAUTHORIZED || random.nextInt(3) == 0;
        return new Lasting(
                random.nextLong(Duration.ofSeconds(90).toNanos()),
                calls(random),
                ofAccount ? null : 1 + random.nextLong(3),
                answer);
    }

    private static Set<Call> calls(SplittableRandom random) {
        return switch (random.nextInt(8)) {
            case 0, 1 -> EnumSet.allOf(Call.class);
            // A token that may not cancel, one that may not read artifacts, one that may not see runs or the job.
            case 2, 3 -> EnumSet.of(Call.CANCEL);
            case 4 -> EnumSet.of(Call.ARTIFACTS);
            case 5 -> EnumSet.of(Call.RUN, Call.LIST, Call.END);
            case 6 -> EnumSet.complementOf(EnumSet.of(Call.START));
            default -> EnumSet.of(Call.values()[random.nextInt(Call.values().length)]);
        };
    }

    /** Whether a call is struck now. */
    boolean strikes(Call call, Long ofJob, long now) {
        return now >= from && calls.contains(call) && (jobId == null || jobId.equals(ofJob));
    }

    /** Whether rows of a job are left out of lists of the whole account. */
    boolean hides(long ofJob, long now) {
        return jobId != null && Answer.UNSEEN.contains(answer) && strikes(Call.LIST, ofJob, now);
    }

    /** Whether commands of a job may be struck; null: nobody knows the job. */
    boolean concerns(Long ofJob) {
        return jobId == null || ofJob == null || jobId.equals(ofJob);
    }

    /**
     * What is answered instead.
     *
     * @param real what dbt Cloud would have answered; null: the request does nothing
     * @return null: no answer comes
     */
    SimResponse bend(SimResponse real) {
        return switch (answer) {
            case UNAUTHORIZED -> SimResponse.error(401, "Invalid token");
            case FORBIDDEN -> SimResponse.error(403, "You do not have permission to perform this action.");
            case FORBIDDEN_PAGE -> new SimResponse(403, "text/html", null, "<html>forbidden for this account</html>");
            case NOT_FOUND -> SimResponse.error(404, "Not found");
            case NOT_ALLOWED -> SimResponse.json(405, "{\"detail\":\"Method not allowed\"}");
            case CONFLICT -> SimResponse.error(409, "Conflict");
            case SERVER_ERROR -> SimResponse.error(500, "Internal error");
            case UNAVAILABLE -> new SimResponse(503, "text/html", null, "<html>maintenance</html>");
            case MOVED -> SimResponse.moved(307, "https://elsewhere.example/api/");
            case NOTHING, DONE_WITHOUT_ANSWER -> null;
            case UNREADABLE -> real.bent("\"status\":1", "\"stat\":1", "\"status\":3", "\"stat\":3");
            case ODD_FIELDS ->
                real.bent(
                        "\"status_message\":null",
                        "\"status_message\":{\"odd\":[1]}",
                        "\"job\":{",
                        "\"job\":[],\"jab\":{");
        };
    }

    /** Whether the request is carried out all the same. */
    boolean isCarriedOut() {
        return Answer.CARRIED_OUT.contains(answer);
    }
}

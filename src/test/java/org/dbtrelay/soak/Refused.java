package org.dbtrelay.soak;

import java.time.Duration;
import java.util.Set;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.Faults;
import org.dbtrelay.emulator.RunPlan;

/** What dbt Cloud refuses from the first minute to the last, each of one job: its commands have to end all the same. */
enum Refused {
    /** Runs go on beyond the deadline of their commands, and may not be cancelled. */
    CANCEL_FORBIDDEN(403, Endpoint.CANCEL),
    /** Likewise, and dbt Cloud does not say why. */
    CANCEL_FAILING(500, Endpoint.CANCEL),
    /** Nothing can be started. */
    TRIGGER_FORBIDDEN(403, Endpoint.TRIGGER),
    /** Whether anything was started cannot be known. */
    TRIGGER_FAILING(500, Endpoint.TRIGGER),
    /** Runs succeed, and their artifacts cannot be had. */
    ARTIFACTS_FORBIDDEN(403, Endpoint.GET_ARTIFACT);

    /** Shorter than the runs take whose cancel is refused. */
    static final Duration DEADLINE = Duration.ofSeconds(10);

    /** {@code relay.run.cancel-patience}: over before such a run ends by itself, unless an attack comes between. */
    static final Duration CANCEL_PATIENCE = Duration.ofSeconds(5);

    private static final Duration BEYOND_PATIENCE = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofSeconds(1);

    private final int status;
    private final Endpoint endpoint;

    Refused(int status, Endpoint endpoint) {
        this.status = status;
        this.endpoint = endpoint;
    }

    /** The job that it is about. */
    EmulatedJob job() {
        Duration run = endpoint == Endpoint.CANCEL ? BEYOND_PATIENCE : SHORT;
        return EmulatedJob.named(name()).plan(RunPlan.succeeding().taking(Duration.ZERO, Duration.ZERO, run));
    }

    /** How its commands may end; one whose turn at the job comes late is over by then. */
    Set<String> outcomes() {
        return switch (this) {
            case CANCEL_FORBIDDEN, CANCEL_FAILING, ARTIFACTS_FORBIDDEN -> Set.of("run.succeeded", "run.abandoned");
            case TRIGGER_FORBIDDEN -> Set.of("command.rejected", "run.abandoned");
            case TRIGGER_FAILING -> Set.of("run.abandoned");
        };
    }

    /** From now on, and for ever. */
    void putInForce(Faults faults, long jobId) {
        String refusal = "{\"status\": {\"code\": %d, \"is_success\": false, \"user_message\": \"refused for ever\"}}"
                .formatted(status);
        faults.always().on(endpoint).ofJob(jobId).answer(status, "application/json", refusal, false);
    }
}

package org.dbtrelay.sim;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import jakarta.ws.rs.ProcessingException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.dbtrelay.dbtcloud.connection.SimConnections;
import org.dbtrelay.run.state.StartCall;
import org.dbtrelay.sim.Faults.Fate;
import org.dbtrelay.sim.Lasting.Call;
import org.jboss.resteasy.reactive.RestResponse;

/**
 * The way of one process to dbt Cloud: what the REST client and the network are otherwise. Connections can be refused,
 * requests and answers lost or late, answers bent.
 */
final class SimApi implements SimConnections.Api {

    private static final JsonMapper JSON = new JsonMapper();

    private final World world;
    private final SimProcess process;
    private final SimDbtCloud cloud;
    private final Budget budget;

    SimApi(World world, SimProcess process, SimDbtCloud cloud, Budget budget) {
        this.world = world;
        this.process = process;
        this.cloud = cloud;
        this.budget = budget;
    }

    /** What a request ends in; comes once, on a thread of the process. */
    private interface Outcome {
        void answered(RestResponse<InputStream> response);

        void failed(Throwable failure);
    }

    private Uni<RestResponse<InputStream>> uni(String what, Call call, Long jobId, Supplier<SimResponse> server) {
        return Uni.createFrom().emitter(emitter -> {
            Exchanged exchanged =
                    new Exchanged(what, call, jobId, world.faults().http(), outcome(emitter), server, null);
            emitter.onTermination(exchanged::tearDown);
            exchanged.connect();
        });
    }

    private Outcome outcome(UniEmitter<? super RestResponse<InputStream>> emitter) {
        return new Outcome() {
            @Override
            public void answered(RestResponse<InputStream> response) {
                emitter.complete(response);
            }

            @Override
            public void failed(Throwable failure) {
                emitter.fail(failure);
            }
        };
    }

    /** One request on its way. */
    private final class Exchanged {
        private final String what;
        private final Call call;
        private final Long jobId;
        private final Fate fate;
        private final Outcome outcome;
        private final Supplier<SimResponse> server;
        private final Sent start;
        private boolean done;
        private boolean onWire;

        Exchanged(
                String what,
                Call call,
                Long jobId,
                Fate fate,
                Outcome outcome,
                Supplier<SimResponse> server,
                Sent start) {
            this.what = what;
            this.call = call;
            this.jobId = jobId;
            this.fate = fate;
            this.outcome = outcome;
            this.server = server;
            this.start = start;
        }

        void tearDown() {
            if (!done) {
                done = true;
                leaveWire();
                world.trace().say(process.name(), "gives up %s", what);
            }
        }

        private void leaveWire() {
            if (onWire) {
                onWire = false;
                budget.left();
            }
        }

        private void finish(Consumer<Outcome> how) {
            process.spawn("http", () -> {
                world.faults().pass(process, what + " answered");
                if (!done) {
                    done = true;
                    leaveWire();
                    world.trace().say(process.name(), "has the answer to %s", what);
                    how.accept(outcome);
                }
            });
        }

        void connect() {
            onWire = true;
            budget.entered(what);
            world.trace().say(process.name(), "asks dbt Cloud: %s, which will be %s", what, fate);
            process.after(connectTime(), () -> process.spawn("http", this::send));
        }

        private long connectTime() {
            boolean slow =
                    start != null && world.faults().areOn() && world.faults().chance(20);
            return slow ? world.faults().upTo(7_000_000_000L) : 1_000_000;
        }

        private void send() {
            world.faults().pass(process, what + " connected");
            if (done) {
                return;
            }
            if (fate == Fate.CONNECTION_REFUSED) {
                finish(it -> it.failed(new ProcessingException(new ConnectException("Connection refused"))));
                return;
            }
            if (start != null && !start.body().release()) {
                world.coverage().count("trigger", "stopped: the window had passed");
                finish(it -> it.failed(new ProcessingException(start.body().stopped())));
                return;
            }
            if (start != null) {
                world.truth().released(process, start.commandId(), start.call(), start.jobId(), start.cause());
                if (world.plan().assumptionBroken()
                        && world.faults().areOn()
                        && world.faults().chance(3)) {
                    world.breakTheAssumption(process);
                    process.halt();
                }
            }
            if (start != null) {
                process.endHang();
            }
            world.faults().pass(process, what + " released");
            toServer();
        }

        private void toServer() {
            if (fate == Fate.REQUEST_LOST) {
                return;
            }
            if (fate == Fate.RESET_BEFORE) {
                world.scheduler().after(world.faults().httpLatency(), () -> finish(this::reset));
                return;
            }
            // Nothing arrives later than the limit of the whole call: its connection is closed then.
            long there = fate == Fate.ANSWERED_LATE
                    ? world.faults().upTo(SimConfig.READ_TIMEOUT.toNanos())
                    : world.faults().httpLatency();
            world.scheduler().after(there, this::arrived);
        }

        private void reset(Outcome it) {
            it.failed(new ProcessingException(new IOException("Connection reset by peer")));
        }

        private void arrived() {
            SimResponse refusal = cloud.refusal(fate);
            SimResponse answer = refusal;
            if (refusal == null) {
                answer = switch (fate) {
                    case SERVER_ERROR_BEFORE -> new SimResponse(502, "text/html", null, "<html>bad gateway</html>");
                    case REQUEST_TIMEOUT -> SimResponse.error(408, "Request timeout");
                    default -> cloud.answer(call, jobId, server);
                };
                if (answer == null) {
                    return;
                }
                answer = switch (fate) {
                    case SERVER_ERROR_AFTER -> SimResponse.error(500, "Internal error");
                    case HTML -> new SimResponse(200, "text/html", null, "<html>log in</html>");
                    case EMPTY -> garbled(answer, "");
                    case GARBAGE -> garbled(answer, "{\"data\":[{\"idd\":");
                    default -> answer;
                };
            }
            if (fate == Fate.ANSWER_LOST) {
                return;
            }
            SimResponse response = answer;
            world.scheduler()
                    .after(
                            fate == Fate.ANSWERED_LATE
                                    ? world.faults().upTo(SimConfig.READ_TIMEOUT.toNanos())
                                    : world.faults().httpLatency(),
                            () -> finish(
                                    fate == Fate.RESET_AFTER
                                            ? this::reset
                                            : it -> {
                                                budget.answered(
                                                        response.getStatus(), response.getHeaderString("Retry-After"));
                                                it.answered(response);
                                            }));
        }

        /** An artifact may hold anything, so only its status says that it is there, and a garbled answer keeps that. */
        private SimResponse garbled(SimResponse answer, String body) {
            boolean isArtifact = what.equals("artifact");
            return SimResponse.json(isArtifact ? answer.getStatus() : 200, body);
        }
    }

    @Override
    public Uni<RestResponse<InputStream>> trigger(long jobId, String traceparent, SimConnections.Guarded body) {
        String id = world.truth().traced(traceparent);
        return start(
                new StartCall.Trigger(), jobId, id, body, () -> cloud.trigger(jobId, cause(body), id, process.name()));
    }

    @Override
    public Uni<RestResponse<InputStream>> retryRun(long runId, String traceparent, SimConnections.Guarded body) {
        String id = world.truth().traced(traceparent);
        return start(new StartCall.Retry(runId), null, id, body, () -> cloud.retry(runId, id, process.name()));
    }

    private Uni<RestResponse<InputStream>> start(
            StartCall call, Long jobId, String id, SimConnections.Guarded body, Supplier<SimResponse> server) {
        return Uni.createFrom().emitter(emitter -> {
            Fate fate = world.faults().start(call instanceof StartCall.Trigger);
            world.coverage().count("post", call.getClass().getSimpleName() + " " + fate);
            Sent sent = new Sent(call, jobId, id, body);
            Exchanged exchanged =
                    new Exchanged("post", Call.START, jobOf(call, jobId), fate, outcome(emitter), server, sent);
            emitter.onTermination(exchanged::tearDown);
            exchanged.connect();
        });
    }

    private Long jobOf(StartCall call, Long jobId) {
        return call instanceof StartCall.Retry(long runId) ? jobOfRun(runId) : jobId;
    }

    private Long jobOfRun(long runId) {
        SimRun run = cloud.find(runId);
        return run == null ? null : run.jobId;
    }

    /** A request that starts a run, and the command that it is for. */
    private record Sent(StartCall call, Long jobId, String commandId, SimConnections.Guarded body) {
        String cause() {
            return call instanceof StartCall.Trigger ? SimApi.cause(body) : null;
        }
    }

    private static String cause(SimConnections.Guarded body) {
        try {
            return JSON.readTree(body.json()).path("cause").asText();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public Uni<RestResponse<InputStream>> cancel(long runId) {
        return uni("cancel", Call.CANCEL, jobOfRun(runId), () -> cloud.cancel(runId, process.name()));
    }

    @Override
    public Uni<RestResponse<InputStream>> job(long jobId) {
        return uni("job", Call.JOB, jobId, () -> cloud.job(jobId));
    }

    @Override
    public Uni<RestResponse<InputStream>> named(String kind, String nameContains) {
        return uni(kind, Call.NAMES, null, () -> cloud.named(kind, nameContains));
    }

    @Override
    public Uni<RestResponse<InputStream>> run(long runId, boolean withTrigger) {
        return uni("run", Call.RUN, jobOfRun(runId), () -> cloud.run(runId, withTrigger, false));
    }

    @Override
    public Uni<RestResponse<InputStream>> runWithSteps(long runId) {
        return uni("end", Call.END, jobOfRun(runId), () -> cloud.run(runId, true, true));
    }

    @Override
    public Uni<RestResponse<InputStream>> runs(
            Long jobId, String statusIn, String pkIn, Long above, boolean withTrigger, boolean newestFirst, int limit) {
        return uni(
                "runs",
                Call.LIST,
                jobId,
                () -> cloud.list(jobId, statusIn, pkIn, above, withTrigger, newestFirst, limit));
    }

    @Override
    public Uni<RestResponse<InputStream>> artifacts(long runId) {
        return uni("artifacts", Call.ARTIFACTS, jobOfRun(runId), () -> cloud.artifacts(runId));
    }

    @Override
    public Uni<RestResponse<InputStream>> artifact(long runId, String path, Integer step) {
        SimRun run = path.equals("catalog.json") ? cloud.find(runId) : null;
        Uni<RestResponse<InputStream>> answer = artifact(run, runId, path, step);
        boolean again = world.mutant() == Mutant.OTHER_STEP_AGAIN && run != null && run.isOther(step);
        return again ? artifact(run, runId, path, step) : answer;
    }

    private Uni<RestResponse<InputStream>> artifact(SimRun run, long runId, String path, Integer step) {
        if (run != null) {
            run.catalogAsked(step);
            world.check(
                    run.isOtherAskedOnce(),
                    "the catalog of step %d of run %d is asked for again, and the first choice is not",
                    step,
                    runId);
        }
        return uni("artifact", Call.ARTIFACTS, jobOfRun(runId), () -> cloud.artifact(runId, path, step));
    }
}

package org.dbtrelay.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The calls about a job's runs: trigger, look, cancel, retry. */
final class RunCalls {
    private static final Set<String> AS_TRIGGERED = Set.of("trigger", "job");

    private final World world;
    private final RunLife life;
    private final RunJson json;
    private final RunQuery query;
    private final Behaviour behaviour;

    RunCalls(World world, RunLife life, RunJson json, Behaviour behaviour) {
        this.world = world;
        this.life = life;
        this.json = json;
        this.query = new RunQuery(life, json, world);
        this.behaviour = behaviour;
    }

    Answer job(Request request, Values values) {
        return Envelope.ok(json(job(request), values.include()));
    }

    /** Of a job's definition only the place, the name, the type, the steps, docs and the time-out are kept. */
    Answer createJob(Request request) {
        JsonNode wanted = NewJob.read(request.body());
        long account = request.id("account");
        EmulatedEnvironment environment = world.environment(
                        account, wanted.path("environment_id").asLong())
                .filter(it -> it.projectId() == wanted.path("project_id").asLong())
                .orElseThrow(Refusal::notFound);
        return Envelope.created(JobJson.of(world.create(NewJob.of(wanted), environment)));
    }

    /** The job is shown as deleted from now on; its runs go on. dbt Cloud cancels them, says dbtc. */
    Answer deleteJob(Request request) {
        EmulatedJob deleted = job(request).deleted();
        world.change(deleted);
        return Envelope.ok(JobJson.of(deleted));
    }

    /** A job with what is to be included. */
    ObjectNode json(EmulatedJob job, Set<String> include) {
        ObjectNode body = JobJson.of(job);
        if (include.contains("environment")) {
            world.environment(job.accountId(), job.environmentId())
                    .ifPresent(environment -> body.set("environment", ResourceJson.environment(environment)));
        }
        if (include.contains("most_recent_run")) {
            body.set("most_recent_run", newest(job, false));
        }
        if (include.contains("most_recent_completed_run")) {
            body.set("most_recent_completed_run", newest(job, true));
        }
        return body;
    }

    private @Nullable ObjectNode newest(EmulatedJob job, boolean completed) {
        return life.newest(job.id(), status -> !completed || status.isFinal())
                .map(run -> json.of(run, Set.of()))
                .orElse(null);
    }

    Answer trigger(Request request, Hiding hiding) {
        EmulatedJob job = job(request);
        RunTrigger trigger = TriggerBody.read(request.body(), behaviour.longCauseStatus(), request.strict());
        return created(create(job, trigger, hiding));
    }

    /** Retries the job's last run if that failed, else starts a full new one: that is how dbt Cloud's rerun works. */
    Answer rerun(Request request, Hiding hiding) {
        EmulatedJob job = job(request);
        RunView last = life.newest(job.id(), status -> true).orElse(null);
        if (last != null && last.retryRefusal() == null) {
            checkActive(job);
            return created(life.retry(last.id(), "rerun", hiding));
        }
        return created(create(job, RunTrigger.of("Rerun from the API", "rerun"), hiding));
    }

    private RunView create(EmulatedJob job, RunTrigger trigger, Hiding hiding) {
        checkActive(job);
        return life.create(job, trigger, hiding);
    }

    private void checkActive(EmulatedJob job) {
        if (!job.isTriggerable()) {
            throw new Refusal(
                    400,
                    "The request was invalid. Please double check the provided data and try again.",
                    Envelope.object().put("job_type", "A job of the type " + job.type() + " cannot be run"));
        }
        if (job.deactivated() && behaviour.deactivatedStatus() != 0) {
            throw new Refusal(
                    behaviour.deactivatedStatus(),
                    "This job is deactivated and cannot be run.",
                    Envelope.object().put("deactivated", "The job is deactivated"));
        }
    }

    private Answer created(RunView run) {
        Answer answer = Envelope.ok(json.of(run, AS_TRIGGERED));
        return new Answer(behaviour.createdStatus(), answer.headers(), answer.content());
    }

    Answer list(Request request, Values values) {
        return query.answer(request.id("account"), values);
    }

    Answer get(Request request, Values values) {
        return Envelope.ok(json.of(run(request), values.include()));
    }

    Answer cancel(Request request) {
        if (run(request).isFinal() && behaviour.endedCancelStatus() != 200) {
            throw new Refusal(
                    behaviour.endedCancelStatus(),
                    "The run has ended and cannot be cancelled.",
                    Envelope.object().put("status", "The run is in a final state"));
        }
        return life.cancel(request.id("account"), request.id("run"))
                .map(run -> Envelope.ok(json.of(run, Set.of())))
                .orElseThrow(Refusal::notFound);
    }

    Answer failureDetails(Request request) {
        RunView run = run(request);
        String failed = life.failedCommand(run.id()).orElseThrow(Refusal::notFound);
        ObjectNode body = Envelope.object().put("failed_step", failed);
        life.skippedCommands(run.id(), failed).forEach(body.putArray("skipped_steps")::add);
        return Envelope.ok(body);
    }

    Answer retry(Request request, Hiding hiding) {
        RunView run = run(request);
        if (run.retryRefusal() != null) {
            throw new Refusal(
                    behaviour.refusedRetryStatus(),
                    "The request was invalid. Please double check the provided data and try again.",
                    Envelope.object().put("reason", run.retryRefusal()));
        }
        checkActive(world.job(run.job().accountId(), run.jobId()).orElseThrow(Refusal::notFound));
        return created(life.retry(run.id(), "api", hiding));
    }

    Answer step(Request request, Values values) {
        long id = request.id("step");
        RunView run = life.get(request.id("account"), id / 100).orElseThrow(Refusal::notFound);
        return run.steps().stream()
                .filter(step -> step.id() == id)
                .findFirst()
                .map(step -> Envelope.ok(StepJson.of(step, run, values.include().contains("debug_logs"))))
                .orElseThrow(Refusal::notFound);
    }

    private EmulatedJob job(Request request) {
        return world.job(request.id("account"), request.id("job"))
                .filter(job -> job.state() == 1)
                .orElseThrow(Refusal::notFound);
    }

    private RunView run(Request request) {
        return life.get(request.id("account"), request.id("run")).orElseThrow(Refusal::notFound);
    }
}

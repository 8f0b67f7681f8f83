package org.dbtrelay.sim;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.dbtrelay.sim.Faults.Fate;

/**
 * A small dbt Cloud: jobs, runs that pass through their states, lists that show a new run late, servers that lag behind, a
 * token that may be refused for a while, an account that may be shut out. It answers at once; the way there and back is
 * {@link SimApi}'s.
 */
final class SimDbtCloud {

    private static final long SECOND = 1_000_000_000;
    private static final long GONE_JOB = 4;
    private static final long DEACTIVATED_JOB = 5;

    private final World world;
    private final SplittableRandom random;
    private final SimRunJson json;
    private final Persistence persistence;
    private final Map<Long, SimRun> runs = new LinkedHashMap<>();
    private long nextId = 70_403_000_000L;
    private long shutOutUntil;
    private long tokenRefusedUntil;
    private long downUntil;

    SimDbtCloud(World world, Plan plan) {
        this.world = world;
        this.json = new SimRunJson(world);
        this.persistence = new Persistence(world);
        this.random = new SplittableRandom(plan.seed() * 19 + 11);
    }

    List<SimRun> runs() {
        return List.copyOf(runs.values());
    }

    /** The run of an id; null: there is none. */
    SimRun find(long runId) {
        return runs.get(runId);
    }

    void refuseTokenFor(long nanos) {
        tokenRefusedUntil = now() + nanos;
    }

    void downFor(long nanos) {
        downUntil = now() + nanos;
    }

    private long now() {
        return world.scheduler().now();
    }

    /** What is answered to everybody just now; null: nothing stands in the way. */
    SimResponse refusal(Fate fate) {
        if (now() < downUntil) {
            return new SimResponse(503, "text/html", null, "<html>maintenance</html>");
        }
        if (fate == Fate.TOO_MANY_REQUESTS) {
            shutOutUntil = now() + 20 * SECOND;
        }
        if (now() < shutOutUntil) {
            world.coverage().count("answer", "429");
            long left = (shutOutUntil - now()) / SECOND + 1;
            return new SimResponse(429, "application/json", Long.toString(left), "{}");
        }
        if (now() < tokenRefusedUntil) {
            world.coverage().count("answer", "401");
            return SimResponse.error(401, "Invalid token");
        }
        return switch (fate) {
            case FORBIDDEN -> SimResponse.error(403, "You do not have permission to do this");
            case BAD_REQUEST -> SimResponse.error(400, "Some field is wrong");
            default -> null;
        };
    }

    /** What is answered to a call; null: nothing, ever. */
    SimResponse answer(Lasting.Call call, Long jobId, Supplier<SimResponse> server) {
        Lasting lasting = world.lasting();
        if (lasting == null || !lasting.strikes(call, jobId, now())) {
            return server.get();
        }
        world.coverage().count("lasting", call + (lasting.jobId() == null ? "" : " of one job"));
        world.coverage().count("lasting", lasting.answer().name());
        persistence.struck(lasting, call, jobId);
        if (world.mutant() == Mutant.REFUSAL_STOPS_ALL && lasting.answer() == Lasting.Answer.FORBIDDEN) {
            return SimResponse.error(401, "Invalid token");
        }
        SimResponse real = lasting.isCarriedOut() ? server.get() : null;
        return lasting.bend(real);
    }

    private boolean isHidden(SimRun run) {
        return world.lasting() != null && world.lasting().hides(run.jobId, now());
    }

    /** A trigger arrives. */
    SimResponse trigger(long jobId, String cause, String commandId, String from) {
        world.trace().say("dbt Cloud", "gets a trigger of job %d from %s: %s", jobId, from, cause);
        SimResponse refusal = refusal(jobId);
        return refusal == null ? answer(json(create(jobId, cause, commandId, null), now(), true)) : refusal;
    }

    private static SimResponse refusal(long jobId) {
        return jobId == GONE_JOB
                ? SimResponse.error(404, "Not found")
                : jobId == DEACTIVATED_JOB ? SimResponse.error(400, "Job is not active") : null;
    }

    /** A retry of a run arrives. */
    SimResponse retry(long runId, String commandId, String from) {
        world.trace().say("dbt Cloud", "gets a retry of run %d from %s for %s", runId, from, commandId);
        SimRun run = readable(runId);
        if (run == null) {
            return SimResponse.error(404, "Not found");
        }
        String whyNot = json.whyNot(run, newestOf(run.jobId), now());
        if (whyNot != null) {
            world.coverage().count("answer", "retry refused");
            return SimResponse.error(400, whyNot);
        }
        return answer(json(create(run.jobId, causeOfRetry(run), commandId, run.id), now(), true));
    }

    /** Nobody has written down what a retry shows as its cause. */
    private String causeOfRetry(SimRun run) {
        return world.plan().seed() % 2 == 0 ? run.cause : "Retry";
    }

    private SimRun newestOf(long jobId) {
        return runs.values().stream()
                .filter(run -> run.jobId == jobId && now() >= run.visibleAt && now() < run.vanishesAt)
                .reduce((older, newer) -> newer)
                .orElse(null);
    }

    /** A run comes about. */
    SimRun create(long jobId, String cause, String commandId, Long retryOf) {
        long now = now();
        SimRun run = new SimRun(nextId++, jobId, cause, commandId, retryOf, now);
        run.visibleAt = now + hidden();
        run.readableAt = now + (random.nextInt(8) == 0 ? random.nextLong(3 * SECOND) : 0);
        run.startingAt = now + random.nextLong(4 * SECOND);
        run.runningAt = run.startingAt + random.nextLong(3 * SECOND);
        run.endsAt =
                run.runningAt + (random.nextInt(6) == 0 ? random.nextLong(120 * SECOND) : random.nextLong(15 * SECOND));
        run.ending = random.nextInt(3) == 0 ? random.nextInt(4) == 0 ? 30 : 20 : 10;
        run.savedAt = run.endsAt + random.nextLong(random.nextInt(8) == 0 ? 40 * SECOND : 5 * SECOND);
        SplittableRandom late = new SplittableRandom(world.plan().seed() * 23 + run.id);
        run.logLag = late.nextInt(4) == 0 ? late.nextLong(35 * SECOND) : 0;
        run.resultsLag = late.nextInt(3) == 0 ? late.nextLong(35 * SECOND) : 0;
        run.passes = late.nextInt(4) > 0;
        run.ending = world.plan().hasRetries() && late.nextInt(3) > 0 ? 20 : run.ending;
        run.notRetryable = random.nextInt(6) == 0 ? "RETRY_NO_RUN_RESULTS" : null;
        if (world.plan().runsVanish() && random.nextInt(2) == 0) {
            run.vanishesAt = now + 5 * SECOND + random.nextLong(60 * SECOND);
        }
        runs.put(run.id, run);
        return run;
    }

    private long hidden() {
        long lag = SimConfig.LAG.toNanos();
        return switch (world.plan().hidden()) {
            case 0 -> random.nextInt(3) == 0 ? random.nextLong(2 * SECOND) : 0;
            case 1 -> random.nextInt(2) == 0 ? random.nextLong(lag) : 0;
            default -> random.nextInt(3) == 0 ? lag + random.nextLong(3 * lag) : random.nextLong(lag);
        };
    }

    /** What it answers for a run that has ended nobody has written down. */
    SimResponse cancel(long runId, String who) {
        SimRun run = readable(runId);
        if (run == null) {
            return SimResponse.error(404, "Not found");
        }
        run.cancels++;
        world.trace().say("dbt Cloud", "is asked by %s to cancel run %d", who, runId);
        if (run.hasEndedAt(now())) {
            boolean refuses = world.plan().seed() % 3 == 0;
            world.coverage().count("answer", "cancel of an ended run, " + (refuses ? "refused" : "answered"));
            return refuses ? SimResponse.error(400, "Run is already finished") : answer(json(run, now(), false));
        }
        run.cancel(now() + random.nextLong(random.nextInt(10) == 0 ? 90 * SECOND : 5 * SECOND));
        return answer(json(run, now(), false));
    }

    private SimRun readable(long runId) {
        SimRun run = runs.get(runId);
        return run == null || now() < run.readableAt || now() >= run.vanishesAt ? null : run;
    }

    SimResponse run(long runId, boolean withTrigger, boolean withSteps) {
        SimRun run = readable(runId);
        if (run == null) {
            return SimResponse.error(404, "Not found");
        }
        return answer(withSteps ? json(run, now(), true) : json(run, lagging(), withTrigger));
    }

    /** Some server's idea of the present. */
    private long lagging() {
        return random.nextInt(5) == 0 ? Math.max(0, now() - random.nextLong(4 * SECOND)) : now();
    }

    SimResponse list(
            Long jobId, String statusIn, String pkIn, Long above, boolean withTrigger, boolean newestFirst, int limit) {
        long time = lagging();
        Stream<SimRun> found = runs.values().stream()
                .filter(run -> now() >= run.visibleAt && now() < run.vanishesAt)
                .filter(run -> jobId == null ? !isHidden(run) : run.jobId == jobId)
                .filter(run -> statusIn == null || run.statusAt(time) < 10)
                .filter(run -> pkIn == null || pkIn.contains(Long.toString(run.id)))
                .filter(run -> above == null || run.id > above);
        List<SimRun> rows = new ArrayList<>(found.toList());
        int total = rows.size();
        if (newestFirst) {
            rows = rows.reversed();
        }
        // Only a sweep lists the runs of all jobs with their causes.
        boolean hidesRetries = world.mutant() == Mutant.SWEEP_TAKES_RETRIES && jobId == null && withTrigger;
        // Only an observer lists them with the oldest first.
        boolean hidesMarkers = world.mutant() == Mutant.MARKER_IGNORED && jobId == null && withTrigger && !newestFirst;
        StringBuilder data = new StringBuilder("[");
        rows.stream()
                .limit(limit)
                .forEach(run -> data.append(data.length() > 1 ? "," : "")
                        .append(
                                hidesMarkers
                                        ? json.of(run, newestOf(run.jobId), time, true, false)
                                                .replace("\"cause\":\"[relay:", "\"cause\":\"[player:")
                                        : json.of(run, newestOf(run.jobId), time, withTrigger, hidesRetries)));
        return SimResponse.json(
                200,
                "{\"status\":{\"code\":200},\"data\":" + data + "],\"extra\":{\"pagination\":{\"count\":"
                        + Math.min(total, limit) + ",\"total_count\":" + total + "}}}");
    }

    private static SimResponse answer(String data) {
        return SimResponse.json(200, "{\"status\":{\"code\":200},\"data\":" + data + "}");
    }

    private String json(SimRun run, long time, boolean whole) {
        return json.of(run, newestOf(run.jobId), time, whole, false);
    }

    SimResponse artifacts(long runId) {
        SimRun run = readable(runId);
        if (run == null) {
            return SimResponse.error(404, "Not found");
        }
        boolean saved = now() >= run.savedAt && run.statusAt(now()) >= 10;
        String catalog = run.catalogStep() == 0 ? "" : ",\"catalog.json\"";
        return answer(saved ? "[\"manifest.json\",\"run_results.json\"" + catalog + "]" : "null");
    }

    SimResponse artifact(long runId, String path, Integer step) {
        SimRun run = readable(runId);
        if (run != null && path.equals("catalog.json") && now() >= run.savedAt) {
            boolean made = run.catalogStep() != 0 && (step == null || step == run.catalogStep());
            world.coverage().count("answer", made ? "catalog" : "catalog, of another step");
            return made ? SimResponse.json(200, "{}") : SimResponse.error(404, "Not found");
        }
        boolean there = run != null && path.equals("run_results.json") && run.hasResultsAt(now());
        return there
                ? SimResponse.json(
                        200,
                        "{\"results\":[{\"unique_id\":\"model.a\",\"status\":\""
                                + (world.plan().mayFailTransiently() && !run.passes ? "fail" : "error")
                                + "\",\"message\":\""
                                + (world.plan().mayFailTransiently() ? "deadlock detected" : "m") + "\"}]}")
                : SimResponse.error(404, "Not found");
    }

    SimResponse job(long jobId) {
        return jobId == GONE_JOB
                ? SimResponse.error(404, "Not found")
                : answer("{\"id\":" + jobId + ",\"project_id\":11,\"environment_id\":21,\"name\":\"J" + jobId
                        + "\",\"deactivated\":" + (jobId == DEACTIVATED_JOB) + "}");
    }

    /** One project, one environment, jobs J1 to J3 and two of the name Twin. */
    SimResponse named(String kind, String contains) {
        String rows = switch (kind) {
            case "projects" -> "{\"id\":11,\"name\":\"P\"}";
            case "environments" -> "{\"id\":21,\"name\":\"E\"}";
            default ->
                Stream.of("1:J1", "2:J2", "3:J3", "6:Twin", "7:Twin", "5:Old")
                        .filter(job -> contains == null
                                || job.substring(2)
                                        .toLowerCase(Locale.ROOT)
                                        .contains(contains.toLowerCase(Locale.ROOT)))
                        .map(job -> "{\"id\":" + job.charAt(0)
                                + ",\"project_id\":11,\"environment_id\":21,\"name\":\"" + job.substring(2)
                                + "\",\"deactivated\":" + job.endsWith("Old") + "}")
                        .reduce((a, b) -> a + "," + b)
                        .orElse("");
        };
        return answer("[" + rows + "]");
    }
}

package org.dbtrelay.sim;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
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
    private final Map<Long, SimRun> runs = new LinkedHashMap<>();
    private long nextId = 70_403_000_000L;
    private long shutOutUntil;
    private long tokenRefusedUntil;
    private long downUntil;

    SimDbtCloud(World world, Plan plan) {
        this.world = world;
        this.random = new SplittableRandom(plan.seed() * 19 + 11);
    }

    List<SimRun> runs() {
        return List.copyOf(runs.values());
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

    /** A trigger arrives. */
    SimResponse trigger(long jobId, String cause) {
        if (jobId == GONE_JOB) {
            return SimResponse.error(404, "Not found");
        }
        if (jobId == DEACTIVATED_JOB) {
            return SimResponse.error(400, "Job is not active");
        }
        long now = now();
        long starting = now + random.nextLong(4 * SECOND);
        long running = starting + random.nextLong(3 * SECOND);
        long ends = running + (random.nextInt(6) == 0 ? random.nextLong(120 * SECOND) : random.nextLong(15 * SECOND));
        int ending = random.nextInt(4) == 0 ? random.nextInt(3) == 0 ? 30 : 20 : 10;
        long vanishes = world.plan().runsVanish() && random.nextInt(2) == 0
                ? now + 5 * SECOND + random.nextLong(60 * SECOND)
                : Long.MAX_VALUE;
        SimRun run = new SimRun(
                nextId++,
                jobId,
                cause,
                now,
                now + hidden(),
                now + (random.nextInt(8) == 0 ? random.nextLong(3 * SECOND) : 0),
                starting,
                running,
                ends,
                ends + random.nextLong(random.nextInt(8) == 0 ? 40 * SECOND : 5 * SECOND),
                vanishes,
                ending);
        runs.put(run.id, run);
        return answer(json(run, now, true));
    }

    private long hidden() {
        long lag = SimConfig.LAG.toNanos();
        return switch (world.plan().hidden()) {
            case 0 -> random.nextInt(3) == 0 ? random.nextLong(2 * SECOND) : 0;
            case 1 -> random.nextInt(2) == 0 ? random.nextLong(lag) : 0;
            default -> random.nextInt(3) == 0 ? lag + random.nextLong(3 * lag) : random.nextLong(lag);
        };
    }

    SimResponse cancel(long runId) {
        SimRun run = readable(runId);
        if (run == null) {
            return SimResponse.error(404, "Not found");
        }
        run.cancel(now() + random.nextLong(5 * SECOND));
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
                .filter(run -> jobId == null || run.jobId == jobId)
                .filter(run -> statusIn == null || run.statusAt(time) < 10)
                .filter(run -> pkIn == null || pkIn.contains(Long.toString(run.id)))
                .filter(run -> above == null || run.id > above);
        List<SimRun> rows = new ArrayList<>(found.toList());
        int total = rows.size();
        if (newestFirst) {
            rows = rows.reversed();
        }
        StringBuilder data = new StringBuilder("[");
        rows.stream()
                .limit(limit)
                .forEach(run -> data.append(data.length() > 1 ? "," : "").append(json(run, time, withTrigger)));
        return SimResponse.json(
                200,
                "{\"status\":{\"code\":200},\"data\":" + data + "],\"extra\":{\"pagination\":{\"count\":"
                        + Math.min(total, limit) + ",\"total_count\":" + total + "}}}");
    }

    private static SimResponse answer(String data) {
        return SimResponse.json(200, "{\"status\":{\"code\":200},\"data\":" + data + "}");
    }

    private String json(SimRun run, long time, boolean whole) {
        int status = run.statusAt(time);
        boolean ended = status >= 10;
        StringBuilder text = new StringBuilder(400);
        text.append("{\"id\":").append(run.id);
        text.append(",\"account_id\":").append(SimConfig.ACCOUNT);
        text.append(",\"project_id\":11,\"environment_id\":21,\"job_definition_id\":")
                .append(run.jobId);
        text.append(",\"status\":").append(status);
        text.append(",\"status_message\":").append(status == 30 ? "\"Cancelled by user.\"" : "null");
        text.append(",\"created_at\":\"")
                .append(SimTime.EPOCH.plusNanos(run.createdAt))
                .append('"');
        text.append(",\"finished_at\":")
                .append(ended ? "\"" + SimTime.EPOCH.plusNanos(Math.min(run.endsAt, run.cancelledAt)) + "\"" : "null");
        text.append(",\"artifacts_saved\":").append(ended && time >= run.savedAt);
        if (whole) {
            text.append(",\"trigger\":{\"cause\":\"").append(run.cause).append("\"}");
            text.append(",\"job\":{\"id\":")
                    .append(run.jobId)
                    .append(",\"name\":\"J")
                    .append(run.jobId)
                    .append("\"}");
            text.append(",\"run_steps\":[{\"index\":1,\"status\":")
                    .append(status == 20 ? 20 : 10)
                    .append(",\"name\":\"Invoke dbt with `dbt build`\",\"logs\":\"")
                    .append("x".repeat(status == 20 && world.plan().maxEventBytes() < 10_000 ? 4_000 : 4))
                    .append("\"}]");
        }
        return text.append('}').toString();
    }

    SimResponse artifacts(long runId) {
        SimRun run = readable(runId);
        if (run == null) {
            return SimResponse.error(404, "Not found");
        }
        boolean saved = now() >= run.savedAt && run.statusAt(now()) >= 10;
        return answer(saved ? "[\"manifest.json\",\"run_results.json\"]" : "null");
    }

    SimResponse artifact(String path) {
        return path.equals("run_results.json")
                ? SimResponse.json(200, "{\"results\":[]}")
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

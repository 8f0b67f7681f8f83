package org.dbtrelay.sim;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** What commands say, each part beginning with a comma but for what they are about. */
final class Wording {

    private static final long SECOND = 1_000_000_000;
    private static final List<String> STATUSES = List.of(
            "\"success\"", "\"running\"", "\"starting\"", "\"error\"", "\"queued\",\"cancelled\"", "\"success\",20");

    private final World world;
    private final SplittableRandom random;

    Wording(World world, SplittableRandom random) {
        this.world = world;
        this.random = random;
    }

    String trigger() {
        String extra = switch (random.nextInt(16)) {
            case 0, 1, 2, 3 -> ifRunning();
            case 4 -> expiry();
            case 5 -> ",\"dry_run\":true";
            case 6 -> ",\"retry_from_failure\":true";
            case 7 -> ",\"retry_from_failure\":true,\"schema_override\":\"other\"";
            default -> "";
        };
        return anyJob() + extra + options();
    }

    String options() {
        return switch (random.nextInt(9)) {
            case 0 -> ",\"artifacts\":[]";
            case 1 -> ",\"connection\":\"other\"";
            case 2 -> ",\"timeout\":\"PT" + (2 + random.nextInt(60)) + "S\"";
            case 3 -> ",\"context\":{\"note\":\"" + "x".repeat(random.nextInt(2_000)) + "\"}";
            case 4 -> ",\"on_timeout\":\"" + (random.nextBoolean() ? "cancel" : "abandon") + "\"";
            case 5 -> ",\"artifacts\":[\"manifest.json\",{\"path\":\"manifest.json\",\"step\":1}]";
            default -> "";
        };
    }

    String ifRunning() {
        return ",\"if_running\":\""
                + switch (random.nextInt(9)) {
                    case 0 -> "queue";
                    case 1, 2 -> "reuse";
                    case 3, 4 -> "skip";
                    default -> "replace";
                }
                + "\"";
    }

    /** What is to follow a failed run; the same for the same command, and of its own dice, so that the others fall as without it. */
    String onFailure(String command) {
        SplittableRandom own = new SplittableRandom(world.plan().seed() * 47 + command.hashCode());
        if (!world.plan().hasRetries() || own.nextInt(3) == 0) {
            return "";
        }
        return ",\"on_failure\":{\"retries\":" + (1 + own.nextInt(3))
                + ",\"delay\":\"PT" + (own.nextInt(3) == 0 ? 5 + own.nextInt(25) : own.nextInt(6)) + "S\""
                + ",\"when\":\"" + (own.nextInt(3) == 0 ? "any" : "transient") + "\""
                + ",\"how\":\"" + (own.nextInt(5) < 2 ? "full" : "from_failure") + "\"}";
    }

    /** With which others a command of a burst is to share its run, and the like; the same for all of a burst. */
    String burst(SplittableRandom own) {
        String quiet = "PT" + (own.nextInt(3) == 0 ? 0 : 1 + own.nextInt(9)) + "S";
        String atMost = own.nextInt(3) == 0 ? ",\"at_most\":\"PT" + (2 + own.nextInt(10)) + "S\"" : "";
        String kind = switch (own.nextInt(8)) {
            case 0 -> ",\"if_running\":\"replace\"";
            case 1 -> ",\"if_running\":\"reuse\"";
            case 2 -> ",\"schema_override\":\"burst\"";
            default -> ",\"if_running\":\"queue\"";
        };
        String again = own.nextInt(3) > 0
                ? ""
                : ",\"on_failure\":{\"retries\":" + (1 + own.nextInt(2)) + ",\"delay\":\"PT" + own.nextInt(8)
                        + "S\",\"when\":\"" + (own.nextInt(3) == 0 ? "any" : "transient") + "\",\"how\":\""
                        + (own.nextBoolean() ? "full" : "from_failure") + "\"}";
        return ",\"coalesce\":{\"quiet\":\"" + quiet + "\"" + atMost + "}" + kind + again;
    }

    /** What one of a burst wants for itself. */
    String ofItsOwn(SplittableRandom own) {
        return switch (own.nextInt(7)) {
            case 0 -> ",\"artifacts\":[]";
            case 1 -> ",\"timeout\":\"PT" + (5 + own.nextInt(60)) + "S\"";
            case 2 ->
                ",\"expires_at\":\"" + SimTime.EPOCH.plusNanos(world.scheduler().now() + (1 + own.nextInt(15)) * SECOND)
                        + "\"";
            case 3 -> ",\"on_timeout\":\"" + (own.nextBoolean() ? "cancel" : "abandon") + "\"";
            case 4 -> ",\"cause\":\"one of many\"";
            default -> "";
        };
    }

    /** When a command that may have several runs is to end, while it pauses between two as likely as not; 0: nobody wants that. */
    long stopAfter(String command) {
        SplittableRandom own = new SplittableRandom(world.plan().seed() * 53 + command.hashCode());
        return own.nextInt(3) > 0 ? 0 : 6 * SECOND + own.nextLong(40 * SECOND);
    }

    /** Some time soon, or a moment ago. */
    String expiry() {
        long at = world.scheduler().now() + (random.nextInt(40) - 4) * SECOND;
        return random.nextInt(4) > 0 ? "" : ",\"expires_at\":\"" + SimTime.EPOCH.plusNanos(at) + "\"";
    }

    String expected() {
        return random.nextBoolean()
                ? ""
                : ",\"expected_statuses\":[" + STATUSES.get(random.nextInt(STATUSES.size())) + "]";
    }

    /** A job that there is, by its id or its names. */
    String job() {
        int job = 1 + random.nextInt(3);
        return random.nextInt(6) == 0 ? names("J" + job) : "\"job_id\":" + job;
    }

    private String anyJob() {
        if (world.plan().oneJob() && random.nextInt(3) > 0) {
            return random.nextInt(5) == 0 ? names("J1") : "\"job_id\":1";
        }
        return switch (random.nextInt(14)) {
            case 0 -> "\"job_id\":4";
            case 1 -> "\"job_id\":5";
            case 2 -> names(random.nextBoolean() ? "Twin" : random.nextBoolean() ? "Old" : "No such");
            default -> job();
        };
    }

    private static String names(String job) {
        return "\"project_name\":\"P\",\"environment_name\":\"E\",\"job_name\":\"" + job + "\"";
    }

    /** Whosever run it is: a command's of this or of another partition, somebody else's; now and then there is none. */
    String run() {
        List<SimRun> runs = world.cloud().runs();
        return runs.isEmpty() || random.nextInt(10) == 0
                ? "\"run_id\":123"
                : "\"run_id\":" + runs.get(runs.size() - 1 - random.nextInt(Math.min(4, runs.size()))).id;
    }

    /** Mostly one whose newest run has failed. */
    String failedJob() {
        long now = world.scheduler().now();
        Map<Long, SimRun> newest = new TreeMap<>();
        world.cloud().runs().forEach(run -> newest.put(run.jobId, run));
        return newest.values().stream()
                .filter(run -> run.statusAt(now) == 20 && run.jobId <= 3)
                .findFirst()
                .map(run -> random.nextInt(8) == 0 ? names("J" + run.jobId) : "\"job_id\":" + run.jobId)
                .orElseGet(this::job);
    }

    /** Mostly one that has failed. */
    String failedRun() {
        long now = world.scheduler().now();
        return world.cloud().runs().reversed().stream()
                .filter(run -> run.statusAt(now) == 20)
                .findFirst()
                .map(run -> "\"run_id\":" + run.id)
                .filter(text -> random.nextInt(6) > 0)
                .orElseGet(this::run);
    }
}

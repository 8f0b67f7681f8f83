package org.dbtrelay.sim;

import java.util.List;
import java.util.SplittableRandom;

/** People at dbt Cloud's user interface: they start runs, cancel some, and retry others, without asking the relay. */
final class People {

    private static final long SECOND = 1_000_000_000;

    private final World world;
    private final Plan plan;
    private final SplittableRandom random;

    People(World world, Plan plan) {
        this.world = world;
        this.plan = plan;
        this.random = new SplittableRandom(plan.seed() * 43 + 6);
    }

    void begin() {
        if (plan.people() > 0) {
            yesterday();
        }
        for (int i = 0; i < plan.people(); i++) {
            world.scheduler().after(random.nextLong(40 * SECOND), this::act);
        }
    }

    /** The newest run of some jobs has failed. */
    private void yesterday() {
        for (long job = 1; job <= 3; job++) {
            if (random.nextInt(3) > 0) {
                SimRun run = world.cloud().create(job, "by hand", null, null);
                run.visibleAt = 0;
                run.readableAt = 0;
                run.startingAt = 0;
                run.runningAt = 0;
                run.endsAt = 0;
                run.savedAt = 0;
                run.vanishesAt = Long.MAX_VALUE;
                run.ending = random.nextInt(4) == 0 ? 10 : 20;
            }
        }
    }

    private void act() {
        List<SimRun> runs = world.cloud().runs();
        long now = world.scheduler().now();
        SimRun some = runs.isEmpty() ? null : runs.get(random.nextInt(runs.size()));
        int dice = random.nextInt(10);
        if (dice < 5 || some == null) {
            world.cloud().create(1 + random.nextInt(random.nextInt(8) == 0 ? 6 : 3), "by hand", null, null);
            world.trace().say("people", "start a run");
        } else if (dice < 8) {
            world.trace().say("people", "cancel run %d", some.id);
            some.cancel(now + random.nextLong(5 * SECOND));
        } else {
            SimRun failed = runs.reversed().stream()
                    .filter(run -> run.statusAt(now) == 20)
                    .findFirst()
                    .orElse(some);
            world.cloud().retry(failed.id, null, "people");
        }
    }
}

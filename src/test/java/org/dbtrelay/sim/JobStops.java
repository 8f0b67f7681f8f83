package org.dbtrelay.sim;

import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.dbtrelay.dbtcloud.budget.JobSwitches;
import org.dbtrelay.dbtcloud.budget.ManualSuspension.Switched;
import org.dbtrelay.run.job.JobOfConnection;

/** People who suspend jobs of the relay and let them go on: each process hears of it a moment later, and knows it at its start. */
final class JobStops {

    private static final long SECOND = 1_000_000_000;

    private final World world;
    private final Plan plan;
    private final SplittableRandom random;
    private final Set<JobOfConnection> stopped = new HashSet<>();

    /** What each process has heard. */
    private final Map<SimProcess, Set<JobOfConnection>> heard = new HashMap<>();

    JobStops(World world, Plan plan) {
        this.world = world;
        this.plan = plan;
        this.random = new SplittableRandom(plan.seed() * 43 + 21);
    }

    void begin() {
        if (random.nextInt(4) != 0) {
            return;
        }
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            JobOfConnection job =
                    new JobOfConnection(random.nextInt(4) == 0 ? "other" : "default", 1 + random.nextInt(3));
            long from = random.nextLong(plan.troubleUntil());
            world.scheduler().after(from, () -> stop(job));
            world.scheduler()
                    .after(Math.min(plan.troubleUntil(), from + random.nextLong(30 * SECOND)), () -> goOn(job));
        }
        world.scheduler().after(plan.troubleUntil(), () -> {
            stopped.clear();
            tellAll();
        });
    }

    private void stop(JobOfConnection job) {
        stopped.add(job);
        world.trace().say("people", "suspend job %d of %s", job.jobId(), job.connection());
        world.coverage().count("switch", "job suspended");
        tellAll();
    }

    private void goOn(JobOfConnection job) {
        stopped.remove(job);
        world.trace().say("people", "resume job %d of %s", job.jobId(), job.connection());
        tellAll();
    }

    private void tellAll() {
        for (Instance instance : world.instances()) {
            instance.process().after(random.nextLong(SECOND), () -> tell(instance));
        }
    }

    private void tell(Instance instance) {
        if (world.mutant() != Mutant.SWITCH_UNHEARD) {
            set(instance.process(), instance.flow().jobSwitches());
            instance.process().spawn("switch", instance::jobsSwitched);
        }
        note(instance.process());
    }

    /** A process starts. */
    void tellAtStart(SimProcess process, JobSwitches switches) {
        if (world.mutant() != Mutant.SWITCH_FORGOTTEN) {
            set(process, switches);
        }
        note(process);
    }

    private void note(SimProcess process) {
        heard.put(process, Set.copyOf(stopped));
    }

    private void set(SimProcess process, JobSwitches switches) {
        Set.copyOf(switches.all().keySet()).stream()
                .filter(job -> !stopped.contains(job))
                .forEach(switches::release);
        stopped.forEach(job -> switches.hold(job, new Switched(Instant.EPOCH, "people", null)));
        world.trace().say(process.name(), "hears that %s are suspended", stopped);
    }

    /** A process has decided to start a run. */
    void started(SimProcess process, String commandId, JobOfConnection job) {
        world.check(
                !heard.getOrDefault(process, Set.of()).contains(job),
                "%s starts a run for %s, and knows that job %d is suspended",
                process.name(),
                commandId,
                job.jobId());
    }
}

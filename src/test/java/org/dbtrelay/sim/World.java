package org.dbtrelay.sim;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.apache.kafka.common.header.internals.RecordHeaders;

/** Everything of one history: the outside, the processes, and what befalls them. */
final class World {

    private static final long SECOND = 1_000_000_000;

    private final Plan plan;
    private final Lasting lasting;
    private final Mutant mutant;
    private final SimScheduler scheduler;
    private final Trace trace;
    private final Coverage coverage = new Coverage();
    private final Faults faults;
    private final SimBroker broker;
    private final SimGroup group;
    private final SimDbtCloud cloud;
    private final Truth truth;
    private final People people;
    private final Observers observers;
    private final JobStops stops;
    private final Orders orders;
    private final SplittableRandom random;
    private final List<Instance> instances = new ArrayList<>();
    private final Map<SimProcess, SimConfig> configs = new HashMap<>();
    private final List<String> violations = new ArrayList<>();
    private final Set<String> suspended = new HashSet<>();
    private boolean assumptionBroken;
    private boolean clocksWereSet;
    private int names;

    World(Plan plan, Mutant mutant) {
        this.plan = plan;
        this.lasting = Lasting.of(plan);
        this.mutant = mutant;
        this.scheduler = new SimScheduler(plan.seed());
        this.trace = new Trace(scheduler);
        this.random = new SplittableRandom(plan.seed() * 37 + 4);
        this.faults = new Faults(this, plan);
        this.broker = new SimBroker(this);
        this.group = new SimGroup(this, plan);
        this.cloud = new SimDbtCloud(this, plan);
        this.truth = new Truth(this);
        this.people = new People(this, plan);
        this.observers = new Observers(this, plan);
        this.stops = new JobStops(this, plan);
        this.orders = new Orders(this, plan);
        broker.onCommit(truth::committed);
    }

    Plan plan() {
        return plan;
    }

    /** The fault that never ends; null: there is none. */
    Lasting lasting() {
        return lasting;
    }

    SimScheduler scheduler() {
        return scheduler;
    }

    Trace trace() {
        return trace;
    }

    Coverage coverage() {
        return coverage;
    }

    Faults faults() {
        return faults;
    }

    SimBroker broker() {
        return broker;
    }

    SimGroup group() {
        return group;
    }

    SimDbtCloud cloud() {
        return cloud;
    }

    Truth truth() {
        return truth;
    }

    Observers observers() {
        return observers;
    }

    JobStops stops() {
        return stops;
    }

    Orders orders() {
        return orders;
    }

    /** What the process was configured with. */
    SimConfig configOf(SimProcess process) {
        return configs.get(process);
    }

    /** Whether commands may replace others without saying so. */
    boolean replacesByDefault() {
        return configs.values().stream().anyMatch(SimConfig::replaces);
    }

    List<Instance> instances() {
        return instances;
    }

    List<String> violations() {
        return violations;
    }

    boolean assumptionBroken() {
        return assumptionBroken;
    }

    /** Whether some clock does not tell the time: then nobody can say how long something should take. */
    boolean areClocksWrong() {
        return plan.wrongClocks() || clocksWereSet;
    }

    /** Something that must hold, whatever happens. */
    @SuppressWarnings("AnnotateFormatMethod")
    void check(boolean holds, String otherwise, Object... details) {
        if (!holds) {
            String violation = String.format(Locale.ROOT, otherwise, details);
            violations.add(violation);
            trace.say("VIOLATION", "%s", violation);
        }
    }

    Mutant mutant() {
        return mutant;
    }

    // what befalls the processes

    void begin() {
        people.begin();
        observers.begin();
        stops.begin();
        for (int i = 0; i < plan.instances(); i++) {
            scheduler.after(i == 0 ? 0 : random.nextLong(5 * SECOND), this::startOne);
        }
        if (plan.outages()) {
            scheduler.after(random.nextLong(plan.troubleUntil()), () -> {
                long nanos = random.nextLong(25 * SECOND);
                trace.say("world", "the brokers are away for %s", Duration.ofNanos(nanos));
                coverage.count("crash", "broker away");
                broker.downFor(nanos);
            });
            scheduler.after(random.nextLong(plan.troubleUntil()), () -> {
                long nanos = random.nextLong(40 * SECOND);
                trace.say("world", "dbt Cloud is away for %s", Duration.ofNanos(nanos));
                coverage.count("crash", "dbt Cloud away");
                cloud.downFor(nanos);
            });
        }
        for (int i = 0; plan.clocksAreSet() && i < 5; i++) {
            scheduler.after(random.nextLong(plan.troubleUntil()), this::setSomeClock);
        }
        if (plan.degraded() >= 0) {
            broker.log(SimConfig.LEDGER, plan.degraded())
                    .append("c:odd".getBytes(UTF_8), "{\"v\":99}".getBytes(UTF_8), new RecordHeaders(), 0, null, false);
        }
        if (plan.tokenTrouble()) {
            scheduler.after(random.nextLong(plan.troubleUntil()), () -> {
                trace.say("world", "the token is refused for a while");
                cloud.refuseTokenFor(2 * SECOND + random.nextLong(30 * SECOND));
            });
        }
        if (plan.faults() > 1 && random.nextBoolean()) {
            scheduler.after(random.nextLong(plan.troubleUntil()), this::restartOne);
        }
        scheduler.after(plan.troubleUntil(), this::endTrouble);
    }

    private void setSomeClock() {
        if (!instances.isEmpty()) {
            setClock(instances.get(random.nextInt(instances.size())).process(), "some time");
        }
    }

    void setClock(SimProcess process, String arrow) {
        // Both clocks wrong at once is more than is promised.
        if (!suspended.contains(process.name())) {
            long jump = (random.nextInt(3) > 0 ? 1 : -1) * random.nextLong(120 * SECOND);
            trace.say(process.name(), "clock is set by %s at '%s'", Duration.ofNanos(jump), arrow);
            process.clock().jump(jump);
            clocksWereSet = true;
        }
    }

    private void startOne() {
        int number = names++;
        SimProcess process =
                new SimProcess(scheduler, "relay-" + number, new SplittableRandom(plan.seed() * 41 + number));
        if (plan.wrongClocks()) {
            process.clock().setOff(random.nextLong(-120, 120) * SECOND * (random.nextInt(8) == 0 ? 30 : 1));
        }
        SimConfig config = SimConfig.of(
                plan.config() + (random.nextInt(4) == 0 ? number : 0), plan.observes(), plan.startsApart());
        Instance instance = new Instance(this, process, config);
        instances.add(instance);
        configs.put(process, config);
        trace.say(process.name(), "starts");
        instance.start();
    }

    private void restartOne() {
        if (!instances.isEmpty()) {
            Instance instance = instances.get(random.nextInt(instances.size()));
            trace.say(instance.process().name(), "is asked to stop");
            instance.stop();
            scheduler.after(random.nextLong(12 * SECOND), this::startOne);
        }
    }

    /** It has stopped in order. */
    void ended(Instance instance) {
        instances.remove(instance);
        instance.process().kill();
        group.fellSilent(instance.process());
        if (instances.isEmpty()) {
            scheduler.after(random.nextLong(5 * SECOND), this::startOne);
        }
    }

    void kill(SimProcess process, String arrow) {
        trace.say(process.name(), "is killed at '%s'", arrow);
        coverage.count("killed at", arrow);
        instances.stream().filter(it -> it.process() == process).forEach(it -> CrashRows.count(this, it, arrow));
        instances.removeIf(it -> it.process() == process);
        process.kill();
        group.fellSilent(process);
        if (instances.isEmpty() || random.nextInt(4) != 0) {
            scheduler.after(random.nextLong(15 * SECOND), this::startOne);
        }
    }

    void freeze(SimProcess process, long nanos, boolean suspend, String arrow) {
        trace.say(
                process.name(),
                "is %s at '%s' for %s",
                suspend ? "suspended" : "frozen",
                arrow,
                Duration.ofNanos(nanos));
        coverage.count("frozen at", arrow);
        process.freeze();
        group.fellSilent(process);
        boolean both = suspend && process.clock().jumps() == 0 && suspended.add(process.name());
        scheduler.after(nanos, () -> {
            if (both) {
                process.time().stoodStill(nanos);
            }
            trace.say(process.name(), "goes on");
            process.thaw();
        });
    }

    /** The named assumption is broken: the process is frozen for longer than W between its last look and the socket. */
    void breakTheAssumption(SimProcess process) {
        assumptionBroken = true;
        coverage.count("assumption", "frozen between the last look at the send window and the socket");
        freeze(process, 120 * SECOND, false, "the assumption");
    }

    private void endTrouble() {
        trace.say("world", "no more trouble from now on");
        if (instances.isEmpty()) {
            startOne();
        }
    }
}

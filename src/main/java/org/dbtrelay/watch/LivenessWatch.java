package org.dbtrelay.watch;

import static org.dbtrelay.metrics.RelayLog.pair;

import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.smallrye.health.SmallRyeHealth;
import io.smallrye.health.SmallRyeHealthReporter;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.jspecify.annotations.Nullable;

/**
 * Ends the process after its liveness has been down for {@code relay.health.exit-after}, because only a restart helps then.
 * Kubernetes does the same by its probe; no other supervisor asks, but each starts a process again that has ended. One known
 * cause: SmallRye ends the commands channel for good if Kafka refuses the committed offset of a new partition.
 */
@ApplicationScoped
class LivenessWatch {

    private static final RelayLog LOG = RelayLog.of(LivenessWatch.class);

    /** As after a faulty configuration: a supervisor that restarts after failures restarts. */
    private static final int FAILED = 1;

    private final Duration exitAfter;
    private final Monotonic monotonic;
    private final Supplier<List<String>> checksDown;
    private final IntConsumer exit;

    /** Until all has begun, nothing is alive. */
    private volatile boolean started;

    private @Nullable Long downSince;
    private boolean ended;

    @Inject
    LivenessWatch(RelayConfig config, Monotonic monotonic, SmallRyeHealthReporter reporter) {
        this(config.health().exitAfter(), monotonic, () -> down(reporter.getLiveness()), LivenessWatch::exit);
    }

    /**
     * By other means.
     *
     * @param exitAfter zero: never
     * @param checksDown the names of the checks that are down; none: the process is alive
     * @param exit ends the process with an exit code, later
     */
    LivenessWatch(Duration exitAfter, Monotonic monotonic, Supplier<List<String>> checksDown, IntConsumer exit) {
        this.exitAfter = exitAfter;
        this.monotonic = monotonic;
        this.checksDown = checksDown;
        this.exit = exit;
    }

    /** As a signal does it, with all hooks, among them the one that bounds the stop: something is broken already. */
    private static void exit(int status) {
        Thread.ofPlatform()
                .daemon()
                .name("exit")
                .start(() -> Runtime.getRuntime().exit(status));
    }

    private static List<String> down(SmallRyeHealth liveness) {
        return liveness.getPayload().getJsonArray("checks").getValuesAs(JsonObject.class).stream()
                .filter(check -> !"UP".equals(check.getString("status")))
                .map(check -> check.getString("name"))
                .toList();
    }

    /** After the channels have begun. */
    void begin(@Observes @Priority(Integer.MAX_VALUE) StartupEvent event) {
        started = true;
    }

    /** Asks all liveness checks. */
    @Scheduled(every = "5s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    @RunOnVirtualThread
    void tick() {
        if (!started || exitAfter.isZero() || ended) {
            return;
        }
        List<String> down = checksDown.get();
        long now = monotonic.nanos();
        if (down.isEmpty()) {
            downSince = null;
        } else if (downSince == null) {
            downSince = now;
            LOG.warn("The process is not alive and ends if this lasts", pair(LogKey.REASON, down));
        } else if (now - downSince >= exitAfter.toNanos()) {
            ended = true;
            LOG.warn(
                    "The process was not alive for too long and ends now, so that its supervisor starts it again",
                    pair(LogKey.REASON, down));
            exit.accept(FAILED);
        }
    }
}

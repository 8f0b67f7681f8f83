package org.dbtrelay;

import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.dbtrelay.artifact.StoreCheck;
import org.dbtrelay.config.CheckedConfig;
import org.dbtrelay.config.ConfigFault;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.ledger.kafka.KafkaChecks;

/** The entry point of the process: it checks the whole configuration before it starts anything. */
@QuarkusMain
public final class Relay {

    /** The relay stopped in order. */
    private static final int STOPPED_IN_ORDER = 0;

    /** The stop took too long: 128 and the signal's number, as a JVM gives by itself. */
    private static final int ENDED_BY_SIGTERM = 143;

    /** Quarkus makes a bean of this class, and can make one without reflection only if it may call this. */
    Relay() {}

    /**
     * Runs the relay until it is told to stop: after a SIGTERM the exit code is 0, or 143 if the stop took longer than {@code
     * relay.stop-timeout}. With a faulty configuration nothing is started: one line per fault goes to the standard error, and
     * the exit code is 1.
     *
     * @param arguments not used
     */
    public static void main(String... arguments) {
        Sigterm.exitsWith(STOPPED_IN_ORDER);
        CheckedConfig.Checked checked = CheckedConfig.read();
        RelayConfig config = checked.config();
        List<ConfigFault> faults = Stream.concat(
                        checked.faults().stream(), KafkaChecks.faults(checked.kafka()).stream())
                .toList();
        if (config != null && faults.isEmpty()) {
            faults = StoreCheck.faults(config.artifacts());
        }
        if (config == null || !faults.isEmpty()) {
            tell(faults, System.err);
            System.exit(1);
            return;
        }
        KafkaChecks.allowTokenSources(checked.kafka());
        Duration longest = config.stopTimeout();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> boundTheStop(longest), "bound-the-stop"));
        Quarkus.run(arguments);
    }

    /**
     * Ends a process that does not stop in time. Libraries were seen to wait for each other for ever while they close, when a rebalance and a
     * stop coincided. The relay's own parts have stopped long before, and otherwise the platform would have to kill the process. The log
     * may be closed by now, so the message goes to the standard error.
     */
    private static void boundTheStop(Duration longest) {
        Thread.ofPlatform().daemon().name("longest-stop").start(() -> {
            try {
                if (!new CountDownLatch(1).await(longest.toMillis(), TimeUnit.MILLISECONDS)) {
                    System.err.println("The stop has not come to its end within " + longest.toSeconds()
                            + " s, so the process is ended. It waited for:");
                    Thread.getAllStackTraces().forEach(Relay::tellIfInTheWay);
                    System.err.flush();
                    Runtime.getRuntime().halt(ENDED_BY_SIGTERM);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private static void tellIfInTheWay(Thread thread, StackTraceElement[] stack) {
        if (thread.getName().equals("Shutdown thread") || thread.getName().startsWith("smallrye-kafka")) {
            System.err.println(thread.getName());
            for (StackTraceElement element : stack) {
                System.err.println("\tat " + element);
            }
        }
    }

    /** Logging is not up yet, and a person may read the terminal: so plain lines. */
    private static void tell(List<ConfigFault> faults, PrintStream out) {
        out.println("The relay was not started: its configuration has " + faults.size()
                + (faults.size() == 1 ? " fault." : " faults."));
        faults.forEach(fault -> out.println(fault.line()));
        out.flush();
    }
}

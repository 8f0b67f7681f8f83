package org.dbtrelay.testkit;

import java.util.List;
import org.jboss.logmanager.Level;
import org.jboss.logmanager.LogContext;
import org.jboss.logmanager.Logger;

/**
 * Keeps the broker's hundreds of lines of start-up news out of the output of tests and demo. Kafka logs through SLF4J, which
 * Quarkus binds to the JBoss log manager, whether or not that is the JVM's log manager.
 */
final class BrokerLogs {

    // The log context may forget a logger, and its level with it, that nobody holds.
    private static final List<Logger> QUIET = List.of(
            LogContext.getLogContext().getLogger("kafka"),
            LogContext.getLogContext().getLogger("state.change.logger"),
            LogContext.getLogContext().getLogger("org.apache.kafka"));

    // Warns at every start that it starts.
    private static final Logger CONTROLLER =
            LogContext.getLogContext().getLogger("org.apache.kafka.controller.QuorumController");

    private BrokerLogs() {}

    static void onlyWarnings() {
        QUIET.forEach(logger -> logger.setLevel(Level.WARN));
        CONTROLLER.setLevel(Level.ERROR);
    }
}

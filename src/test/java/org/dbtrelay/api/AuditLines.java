package org.dbtrelay.api;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Logger;
import org.dbtrelay.metrics.RelayLog;
import org.jboss.logmanager.ExtHandler;
import org.jboss.logmanager.ExtLogRecord;

/** What the audit log says while this is open. */
final class AuditLines implements AutoCloseable {

    private final Logger audit = Logger.getLogger(RelayLog.AUDIT);
    private final List<String> told = new CopyOnWriteArrayList<>();
    private final ExtHandler handler = new ExtHandler() {
        @Override
        protected void doPublish(ExtLogRecord line) {
            told.add(line.getMessage());
        }
    };

    AuditLines() {
        audit.addHandler(handler);
    }

    List<String> told() {
        return List.copyOf(told);
    }

    @Override
    public void close() {
        audit.removeHandler(handler);
    }
}

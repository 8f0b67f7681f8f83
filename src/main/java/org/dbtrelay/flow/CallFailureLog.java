package org.dbtrelay.flow;

import static org.dbtrelay.metrics.RelayLog.pair;

import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.Action;
import org.dbtrelay.run.CallFailure;

/** What the log says of calls to dbt Cloud that failed. */
final class CallFailureLog {

    private static final RelayLog LOG = RelayLog.of(CallFailureLog.class);

    private CallFailureLog() {}

    static void report(String message, String commandId, Action.Target target, CallFailure failure) {
        LOG.warn(
                message,
                pair(LogKey.COMMAND_ID, commandId),
                pair(LogKey.CONNECTION, target.connection()),
                pair(LogKey.REASON, failure.getClass().getSimpleName()),
                pair(LogKey.DETAIL, failure.detail()));
    }

    /** The failure of a call whose connection has been removed from the configuration. */
    static CallFailure gone(Action.Target target) {
        return new CallFailure.NotSent("the connection '" + target.connection() + "' is not configured any more");
    }
}

package org.dbtrelay.flow;

import static org.dbtrelay.metrics.RelayLog.pair;

import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.Target;

/** What the log says of calls to dbt Cloud that failed. */
final class CallFailureLog {

    private static final RelayLog LOG = RelayLog.of(CallFailureLog.class);

    private CallFailureLog() {}

    static void report(String message, String commandId, Target target, CallFailure failure) {
        LOG.warn(
                message,
                pair(LogKey.COMMAND_ID, commandId),
                pair(LogKey.CONNECTION, target.connection()),
                pair(LogKey.REASON, failure.getClass().getSimpleName()),
                pair(LogKey.DETAIL, failure.detail()));
    }

    /** The failure of a call whose connection has been removed from the configuration. */
    static CallFailure gone(Target target) {
        return new CallFailure.NotSent("the connection '" + target.connection() + "' is not configured any more");
    }
}

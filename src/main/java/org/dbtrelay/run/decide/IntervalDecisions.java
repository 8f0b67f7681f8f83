package org.dbtrelay.run.decide;

import java.time.Duration;
import java.time.Instant;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.state.RunEntry;
import org.jspecify.annotations.Nullable;

/** The starts of a job are apart ({@code min-interval}): counted from when the run of one is known to the next intent, whosever they are. */
final class IntervalDecisions {

    private IntervalDecisions() {}

    /** Before then the command may not start, because its job was started a moment ago; null: it may now. */
    static @Nullable Instant notBefore(RunEntry entry, JobQueues queues, Instant now) {
        ResolvedCommand resolved = entry.openCommand();
        @Nullable Duration interval = resolved.options().minInterval();
        @Nullable
        Instant last = interval == null || resolved.jobId() == null
                ? null
                // Far ahead of now it is of a clock that was wrong, and says nothing.
                : queues.lastStartOf(resolved.target(), resolved.jobId(), now.plus(interval));
        if (interval == null || last == null) {
            return null;
        }
        Instant at = last.plus(interval);
        Instant latest = now.plus(interval);
        return at.isAfter(now) ? (at.isAfter(latest) ? latest : at) : null;
    }

    /** Whether a wait is no longer than the interval asks for. */
    static boolean asksFor(Instant notBefore, RunEntry entry, JobQueues queues, Instant now) {
        @Nullable Instant at = notBefore(entry, queues, now);
        return at != null && !notBefore.isAfter(at);
    }
}

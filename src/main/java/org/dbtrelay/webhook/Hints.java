package org.dbtrelay.webhook;

import jakarta.inject.Singleton;
import java.time.Clock;
import org.dbtrelay.flow.PollSchedule;
import org.dbtrelay.watch.Poller;
import org.dbtrelay.watch.RunLister;

/** Brings hints to the instance that follows the run, which is mostly not the one that received the webhook. */
@Singleton
class Hints {

    private final PollSchedule watches;
    private final Poller poller;
    private final RunLister lister;
    private final HintTopic topic;
    private final Clock clock;

    Hints(PollSchedule watches, Poller poller, RunLister lister, HintTopic topic, Clock clock) {
        this.watches = watches;
        this.poller = poller;
        this.lister = lister;
        this.topic = topic;
        this.clock = clock;
    }

    /** A webhook has told this instance. Blocks for ten seconds at most. */
    void received(Hint hint) {
        if (!pollNow(hint)) {
            topic.send(hint);
        }
    }

    /** Another instance has passed it on, or this one itself. */
    void passedOn(Hint hint) {
        pollNow(hint);
    }

    private boolean pollNow(Hint hint) {
        var targets = watches.hinted(hint.accountId(), hint.runId(), clock.instant());
        targets.forEach(poller::pollNow);
        if (targets.isEmpty()) {
            // It may be a run that nobody follows yet. The hint goes on to the others all the same: one of them may.
            lister.listNow(hint.accountId());
        }
        return !targets.isEmpty();
    }
}

package org.dbtrelay.webhook;

import jakarta.inject.Singleton;
import java.time.Clock;
import org.dbtrelay.flow.PollSchedule;
import org.dbtrelay.watch.Poller;

/** Brings hints to the instance that follows the run, which is mostly not the one that received the webhook. */
@Singleton
class Hints {

    private final PollSchedule watches;
    private final Poller poller;
    private final HintTopic topic;
    private final Clock clock;

    Hints(PollSchedule watches, Poller poller, HintTopic topic, Clock clock) {
        this.watches = watches;
        this.poller = poller;
        this.topic = topic;
        this.clock = clock;
    }

    /** A webhook has told this instance. Blocks for a second at most. */
    void received(Hint hint) {
        if (!look(hint)) {
            topic.send(hint);
        }
    }

    /** Another instance has passed it on, or this one itself. */
    void passedOn(Hint hint) {
        look(hint);
    }

    private boolean look(Hint hint) {
        var targets = watches.hinted(hint.accountId(), hint.runId(), clock.instant());
        targets.forEach(poller::lookNow);
        return !targets.isEmpty();
    }
}

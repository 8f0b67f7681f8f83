package org.dbtrelay.soak;

import static org.awaitility.Awaitility.await;

import java.time.Duration;

/** Time that is left to pass because the passing is what is wanted, not because something is hoped for. */
final class Pause {

    private Pause() {}

    static void of(Duration time) {
        await().pollDelay(time).atMost(time.plusMinutes(1)).until(() -> true);
    }
}

package org.dbtrelay.emulator;

import java.time.Duration;

/** How long a new run is not in lists, and how long its GET is 404. */
record Hiding(Duration fromLists, Duration fromGet) {
    static final Hiding NOTHING = new Hiding(Duration.ZERO, Duration.ZERO);
}

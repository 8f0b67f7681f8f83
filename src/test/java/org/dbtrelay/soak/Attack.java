package org.dbtrelay.soak;

/** An attack on a deployment at work; the cards of a {@link Deck}. */
enum Attack {
    /** kill -9 of one instance, which is started again at once or a little later. */
    KILL(10),
    /** kill -9 of all instances at once. */
    KILL_ALL(1),
    /** SIGSTOP of one instance for longer than its session lasts, then SIGCONT. */
    FREEZE(5),
    /** SIGSTOP of one instance for less than a session. */
    SHORT_FREEZE(2),
    /** SIGTERM of one instance after another under load, while each start of a run takes 3 s. */
    ROLLING_RESTART(1),
    /** Down to one instance, one of the others by SIGTERM and one by kill -9, then up to three again. */
    SCALE_DOWN_AND_UP(1),
    /** SIGSTOP of the broker for a while. */
    FREEZE_BROKER(2),
    /** kill -9 of the broker, which is started again on its data. */
    KILL_BROKER(2),
    /** dbt Cloud answers 429 for some seconds. */
    LOCK_OUT(2),
    /** Each answer of dbt Cloud takes seconds. */
    SLOW_API(2);

    private final int weight;

    Attack(int weight) {
        this.weight = weight;
    }

    /** How many cards of it are in a deck. */
    int weight() {
        return weight;
    }
}

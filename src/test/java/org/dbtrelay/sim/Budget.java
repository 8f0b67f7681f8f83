package org.dbtrelay.sim;

/** Watches what one process asks of the account: its rate, its request slots, and that it stays away after a 429. */
final class Budget {

    private final World world;
    private final SimProcess process;
    private final double perSecond;
    private final double burst;
    private final int slots;
    private double tokens;
    private long at;
    private int jumps;
    private int onWire;
    private long stayAwayFrom = Long.MAX_VALUE;
    private long stayAwayUntil;
    private int freezesThen;

    Budget(World world, SimProcess process, SimConfig config) {
        this.world = world;
        this.process = process;
        this.perSecond = config.requestsPerMinute() / 60.0;
        this.burst = Math.max(10, 2 * perSecond);
        this.slots = config.slots();
        this.tokens = burst;
    }

    void entered(String what) {
        long now = world.scheduler().now();
        onWire++;
        world.check(onWire <= slots, "%s has %d requests on the wire and %d slots", process.name(), onWire, slots);
        if (jumps != process.clock().jumps()) {
            jumps = process.clock().jumps();
            stayAwayFrom = Long.MAX_VALUE;
            tokens = burst;
        }
        tokens = Math.min(burst, tokens + (now - at) / 1e9 * perSecond) - 1;
        at = now;
        // Permits may be taken some time before they are used.
        world.check(tokens >= -slots, "%s asks more often than its budget allows", process.name());
        // A trigger may use a permit that it was given before; and the thread that hangs may be the one with the 429.
        boolean away = !what.equals("post")
                && now > stayAwayFrom
                && now < stayAwayUntil
                && freezesThen == process.freezes()
                && !process.isHanging();
        world.check(!away, "%s asks (%s) although the account is shut out", process.name(), what);
    }

    void left() {
        onWire--;
    }

    /** The process reads an answer; a start that was decided before may still be sent within its window. */
    void answered(int status, String retryAfter) {
        if (status == 429 && retryAfter != null) {
            stayAwayFrom = world.scheduler().now() + 6_000_000_000L;
            stayAwayUntil = world.scheduler().now() + Long.parseLong(retryAfter) * 1_000_000_000L;
            freezesThen = process.freezes();
        }
    }
}

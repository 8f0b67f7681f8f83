package org.dbtrelay.sim;

import java.util.SplittableRandom;

/** The dice: at every blocking point they may strike the process that stands there, or what it sends. */
final class Faults {

    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1_000 * MILLI;

    private final World world;
    private final SplittableRandom strikes;
    private final SplittableRandom network;
    private int left;
    private int hangs;

    Faults(World world, Plan plan) {
        this.world = world;
        this.strikes = new SplittableRandom(plan.seed() * 17 + 3);
        this.network = new SplittableRandom(plan.seed() * 13 + 5);
        this.left = plan.faults();
    }

    /** How a request fares on its way to the brokers. */
    record Way(boolean arrives, boolean returns, long there, long back) {}

    /** How a request to dbt Cloud fares. */
    enum Fate {
        ANSWERED,
        CONNECTION_REFUSED,
        REQUEST_LOST,
        ANSWER_LOST,
        RESET_BEFORE,
        RESET_AFTER,
        ANSWERED_LATE,
        SERVER_ERROR_BEFORE,
        SERVER_ERROR_AFTER,
        REQUEST_TIMEOUT,
        HTML,
        EMPTY,
        GARBAGE,
        TOO_MANY_REQUESTS,
        FORBIDDEN,
        BAD_REQUEST
    }

    /** Whether the world is still in trouble. */
    boolean areOn() {
        return world.scheduler().now() < world.plan().troubleUntil();
    }

    SplittableRandom random() {
        return strikes;
    }

    /** A thread of the process is at a blocking point; it may not come back from here for a while, or ever. */
    void pass(SimProcess process, String arrow) {
        if (left > 0 && areOn() && strikes.nextDouble() < world.plan().strike() * weight(arrow)) {
            left--;
            strike(process, arrow);
        }
        if (world.plan().hangs() && hangs == 0 && arrow.equals("post answered")) {
            hang(process, arrow);
        }
        process.halt();
    }

    /** The thread that waits for the answer hangs; it goes on in the worst moment, see SimApi. */
    private void hang(SimProcess process, String arrow) {
        hangs++;
        world.trace().say(process.name(), "a thread hangs at '%s'", arrow);
        world.coverage().count("hangs at", arrow);
        process.hangNext();
        // And its owner forgets what it knew.
        world.scheduler().after(SECOND, () -> world.setClock(process, arrow));
    }

    private static double weight(String arrow) {
        return switch (arrow) {
            case "commit sent", "commit answered" -> 4;
            case "post connected", "post released", "post answered" -> 6;
            case "runs found" -> 8;
            case "acknowledge" -> 2;
            case "write sent", "write answered" -> 1.5;
            default -> 0.4;
        };
    }

    private void strike(SimProcess process, String arrow) {
        // Frozen between the last look at the window and the socket: that is the named assumption, see World.
        int dice = arrow.equals("post released") ? 0 : strikes.nextInt(100);
        if (arrow.equals("post answered") && dice < 50) {
            hang(process, arrow);
        } else if (dice < 40) {
            world.kill(process, arrow);
        } else if (dice < 60) {
            world.freeze(process, 100 * MILLI + strikes.nextLong(9 * SECOND), strikes.nextBoolean(), arrow);
        } else if (dice < 80) {
            world.freeze(process, 10 * SECOND + strikes.nextLong(50 * SECOND), strikes.nextInt(4) == 0, arrow);
        } else if (dice < 90) {
            world.trace().say("world", "rebalance, %s at '%s'", process.name(), arrow);
            world.group().shuffle();
        } else {
            world.setClock(process, arrow);
        }
    }

    Way wayToBroker(SimProcess process, String what) {
        long there = latency();
        long back = latency();
        if (areOn() && network.nextDouble() < world.plan().kafka()) {
            int dice = network.nextInt(4);
            world.trace().say(process.name(), "%s: trouble %d on the way to the broker", what, dice);
            return switch (dice) {
                case 0 -> new Way(false, false, 0, 0);
                case 1 -> new Way(true, false, there, 0);
                case 2 -> new Way(true, true, network.nextLong(20 * SECOND), back);
                default -> new Way(true, true, there, network.nextLong(20 * SECOND));
            };
        }
        return new Way(true, true, there, back);
    }

    /** How a request that changes nothing fares. */
    Fate http() {
        return http(1);
    }

    /** How a request fares that starts a run; there are few that are no triggers. */
    Fate start(boolean trigger) {
        return world.plan().hangs() && hangs == 0 ? Fate.CONNECTION_REFUSED : http(trigger ? 2 : 6);
    }

    private Fate http(double weight) {
        if (!areOn() || network.nextDouble() >= Math.min(0.7, world.plan().http() * weight)) {
            return Fate.ANSWERED;
        }
        Fate[] all = Fate.values();
        Fate fate = all[network.nextInt(all.length)];
        return switch (fate) {
            case TOO_MANY_REQUESTS -> world.plan().lockOuts() ? fate : Fate.SERVER_ERROR_AFTER;
            case FORBIDDEN, BAD_REQUEST -> network.nextInt(4) == 0 ? fate : Fate.ANSWER_LOST;
            default -> fate;
        };
    }

    long latency() {
        return 200_000 + network.nextLong(network.nextInt(20) == 0 ? 300 * MILLI : 3 * MILLI);
    }

    /** How long dbt Cloud takes: some tens of milliseconds, now and then seconds. */
    long httpLatency() {
        return 5 * MILLI + network.nextLong(network.nextInt(15) == 0 ? 3 * SECOND : 60 * MILLI);
    }

    long upTo(long nanos) {
        return network.nextLong(nanos);
    }

    boolean chance(int oneOf) {
        return network.nextInt(oneOf) == 0;
    }

    int choose(int bound) {
        return network.nextInt(bound);
    }

    long markerDelay() {
        return 100_000 + network.nextLong(network.nextInt(10) == 0 ? SECOND : 5 * MILLI);
    }

    int fetchSize() {
        return network.nextInt(3) == 0 ? 1 + network.nextInt(8) : 500;
    }
}

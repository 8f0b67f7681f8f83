package org.dbtrelay.ledger.intake;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Bounds the unfinished commands of each partition and of this instance, and the commands in each mailbox. A command in a mailbox counts
 * as unfinished, because it soon will be.
 * Bounds stop what comes in and never what is there already: a partition may come from another instance with more than that.
 */
final class IntakeBounds {

    /** Of a mailbox. Commands are small mostly; the bytes are for when they are not. */
    private static final int FULL = 2_000;

    private static final long FULL_BYTES = 4L * 1024 * 1024;

    /** A mailbox is filled again when only a part of it is left. */
    private static final int ROOM = 4;

    private final int maxPending;
    private final int maxPendingPerInstance;
    private final Map<Integer, Load> loads = new ConcurrentHashMap<>();

    IntakeBounds(int maxPending, int maxPendingPerInstance) {
        this.maxPending = maxPending;
        this.maxPendingPerInstance = maxPendingPerInstance;
    }

    /** The consequence for the intake of a partition. */
    enum Verdict {
        /** There is room. */
        OPEN(""),
        /** Neither opens nor closes the valve, so its state does not change with each command. */
        AS_IT_IS(""),
        MAILBOX_FULL("commands arrive faster than they can be recorded"),
        PARTITION_FULL("relay.commands.max-pending commands of the partition are not finished"),
        /** Holds for all partitions of the instance. */
        INSTANCE_FULL("relay.commands.max-pending-per-instance commands of the instance are not finished");

        private final String reason;

        Verdict(String reason) {
            this.reason = reason;
        }

        /** Why the intake is closed; empty if it is not. */
        String reason() {
            return reason;
        }
    }

    private record Load(Mailbox.Waiting waiting, int pending) {

        static final Load NONE = new Load(Mailbox.Waiting.NOTHING, 0);

        int commands() {
            return waiting.commands() + pending;
        }
    }

    /** A partition is ours from now on; what is said of others is not heard. */
    void begin(int partition) {
        loads.put(partition, Load.NONE);
    }

    /** A partition is not ours any more. */
    void forget(int partition) {
        loads.remove(partition);
    }

    /** The partitions that are ours. */
    List<Integer> partitions() {
        return List.copyOf(loads.keySet());
    }

    /** Commands of the partition that are not finished. */
    int unfinished(int partition) {
        return loads.getOrDefault(partition, Load.NONE).commands();
    }

    /** Commands of all partitions that are not finished. */
    int unfinished() {
        return loads.values().stream().mapToInt(Load::commands).sum();
    }

    /** A mailbox has got fuller. */
    Verdict filled(int partition, Mailbox.Waiting waiting) {
        return judge(loads.computeIfPresent(partition, (ours, load) -> new Load(waiting, load.pending())));
    }

    /** A mailbox has been emptied, and so many recorded commands are not finished. */
    Verdict settled(int partition, Mailbox.Waiting waiting, int pending) {
        return judge(loads.computeIfPresent(partition, (ours, load) -> new Load(waiting, pending)));
    }

    private Verdict judge(@Nullable Load load) {
        if (load == null) {
            return Verdict.AS_IT_IS;
        }
        Mailbox.Waiting waiting = load.waiting();
        int all = unfinished();
        if (waiting.commands() >= FULL || waiting.bytes() >= FULL_BYTES) {
            return Verdict.MAILBOX_FULL;
        }
        if (all >= maxPendingPerInstance) {
            return Verdict.INSTANCE_FULL;
        }
        if (load.commands() >= maxPending) {
            return Verdict.PARTITION_FULL;
        }
        boolean room = waiting.commands() <= FULL / ROOM
                && waiting.bytes() <= FULL_BYTES / ROOM
                && isBelow(load.commands(), maxPending)
                && isBelow(all, maxPendingPerInstance);
        return room ? Verdict.OPEN : Verdict.AS_IT_IS;
    }

    private static boolean isBelow(int commands, int most) {
        return commands <= most * 9L / 10;
    }
}

package org.dbtrelay.ledger.intake;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.run.decide.Input;

/**
 * The inputs that wait for an owner. A call of {@link #offer} never waits. Inputs that the owner has taken stay in its hand until they
 * are settled, so a failed claim offers them again: the consumer would not deliver them a second time.
 */
public final class Mailbox {

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition something;
    private final Deque<MailboxItem> commands = new ArrayDeque<>();
    private final Deque<MailboxItem> answers = new ArrayDeque<>();
    private final List<MailboxItem> hand = new ArrayList<>();
    private long bytes;
    private boolean nudged;

    /**
     * The commands that wait. Answers do not count: there are no more of them than calls.
     *
     * @param bytes of the records that the commands came from
     */
    public record Waiting(int commands, long bytes) {
        static final Waiting NOTHING = new Waiting(0, 0);
    }

    public Mailbox(Monotonic monotonic) {
        this.something = monotonic.condition(lock);
    }

    /** Adds an input; returns the commands that wait now. */
    public Waiting offer(MailboxItem arrival) {
        lock.lock();
        try {
            (arrival.input() instanceof Input.RecordInput ? commands : answers).addLast(arrival);
            bytes += arrival.bytes();
            something.signal();
            return new Waiting(commands.size(), bytes);
        } finally {
            lock.unlock();
        }
    }

    /** Wakes the owner, so that it reads the clock. */
    public void nudge() {
        lock.lock();
        try {
            nudged = true;
            something.signal();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes inputs into the hand, answers first; waits for one at most the given time.
     *
     * @param withCommands false: leave commands where they are
     */
    public List<MailboxItem> take(int max, Duration wait, boolean withCommands) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long nanos = wait.toNanos();
            while (nanos > 0 && !nudged && answers.isEmpty() && (!withCommands || commands.isEmpty())) {
                nanos = something.awaitNanos(nanos);
            }
            nudged = false;
            move(answers, max);
            if (withCommands) {
                move(commands, max);
            }
            return List.copyOf(hand);
        } finally {
            lock.unlock();
        }
    }

    private void move(Deque<MailboxItem> from, int max) {
        while (hand.size() < max && !from.isEmpty()) {
            MailboxItem arrival = from.removeFirst();
            bytes -= arrival.bytes();
            hand.add(arrival);
        }
    }

    /** Waits for {@link #nudge}, at most the given time; inputs that arrive meanwhile stay. */
    public void awaitNudge(Duration atMost) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long nanos = atMost.toNanos();
            while (nanos > 0 && !nudged) {
                nanos = something.awaitNanos(nanos);
            }
            nudged = false;
        } finally {
            lock.unlock();
        }
    }

    /** Removes the first inputs from the hand, and puts the others back to the front; returns the commands that wait now.
     *
     * @param done how many are settled
     */
    public Waiting settled(int done) {
        lock.lock();
        try {
            hand.subList(0, done).clear();
            putBack();
            return new Waiting(commands.size(), bytes);
        } finally {
            lock.unlock();
        }
    }

    /** Forgets the commands that wait: their topic is gone, and its successor is read from the beginning. */
    public void dropCommands() {
        lock.lock();
        try {
            commands.forEach(command -> bytes -= command.bytes());
            commands.clear();
        } finally {
            lock.unlock();
        }
    }

    /** Puts the inputs in the hand back to the front, in order. */
    public void takeBack() {
        lock.lock();
        try {
            putBack();
        } finally {
            lock.unlock();
        }
    }

    private void putBack() {
        for (MailboxItem arrival : hand.reversed()) {
            (arrival.input() instanceof Input.RecordInput ? commands : answers).addFirst(arrival);
            bytes += arrival.bytes();
        }
        hand.clear();
    }
}

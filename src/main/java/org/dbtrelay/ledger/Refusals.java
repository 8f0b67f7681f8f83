package org.dbtrelay.ledger;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The records of a partition that the brokers have refused, as too large for their topic or not allowed by it. They outlive the
 * claim that met the refusal, so that the next claim writes something smaller in their place, and only there. Only for the owner's
 * thread.
 */
public final class Refusals {

    /** Each try that is refused costs the partition a new claim. */
    static final Duration OBSERVES_AGAIN_AFTER = Duration.ofMinutes(10);

    private final Map<String, Integer> commands = new HashMap<>();
    private final Map<Long, Integer> deadLetters = new HashMap<>();
    private final Map<Long, String> passingOn = new HashMap<>();
    private Instant observesFrom = Instant.MIN;

    /** A record of a command, its entry or an event, was refused. */
    public void ofCommand(String commandId) {
        commands.merge(commandId, 1, Integer::sum);
    }

    /** The dead letter of the record at an offset of the commands topic was refused. */
    public void ofDeadLetter(long offset) {
        deadLetters.merge(offset, 1, Integer::sum);
    }

    /** The record at an offset of the commands topic was not taken on the partition of its key. */
    public void ofPassingOn(long offset, String why) {
        passingOn.put(offset, why);
    }

    /** Why the record at an offset cannot be passed on; null: it has not been tried, or was taken. */
    public @Nullable String whyNotPassedOn(long offset) {
        return passingOn.get(offset);
    }

    /** The commands topic did not take a command that the relay itself had written, for an observed run. */
    public void ofObserving(Instant now) {
        observesFrom = now.plus(OBSERVES_AGAIN_AFTER);
    }

    /** Whether commands for observed runs can be written, as far as is known; after a refusal the relay tries again in a while. */
    public boolean mayObserve(Instant now) {
        return !now.isBefore(observesFrom);
    }

    /** The number of refusals of a command's entry or events; mostly 0. */
    public int timesOfCommand(String commandId) {
        return commands.getOrDefault(commandId, 0);
    }

    /** The number of refusals of the dead letter of the record at an offset; mostly 0. */
    public int timesOfDeadLetter(long offset) {
        return deadLetters.getOrDefault(offset, 0);
    }

    /** The brokers have taken a command's entry and events. */
    public void settledCommand(String commandId) {
        commands.remove(commandId);
    }

    /** The brokers have taken a dead letter. */
    public void settledDeadLetter(long offset) {
        deadLetters.remove(offset);
        passingOn.remove(offset);
    }
}

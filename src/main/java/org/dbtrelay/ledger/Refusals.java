package org.dbtrelay.ledger;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the brokers have refused to take of a partition: a record that is too large for its topic, or that its topic does not
 * allow. It outlives the claim that met the refusal, so that the next one writes something smaller in its place, and only
 * there. Of the owner's thread alone.
 */
public final class Refusals {

    private final Map<String, Integer> commands = new HashMap<>();
    private final Map<Long, Integer> deadLetters = new HashMap<>();
    private final Map<Long, String> passingOn = new HashMap<>();

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

    /** How often what became of a command was refused; 0 mostly. */
    public int timesOfCommand(String commandId) {
        return commands.getOrDefault(commandId, 0);
    }

    /** How often the dead letter of the record at an offset was refused; 0 mostly. */
    public int timesOfDeadLetter(long offset) {
        return deadLetters.getOrDefault(offset, 0);
    }

    /** What became of a command has been taken now. */
    public void settledCommand(String commandId) {
        commands.remove(commandId);
    }

    /** A dead letter has been taken now. */
    public void settledDeadLetter(long offset) {
        deadLetters.remove(offset);
        passingOn.remove(offset);
    }
}

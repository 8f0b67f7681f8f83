package org.dbtrelay.run;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * All decisions that follow from one input and belong into the same commit: its own, those of the commands that it tells
 * something, those of the commands that waited for it, and those of the commands whose turn has come. The entries are
 * changed at once, so each decision sees what the one before it has decided.
 */
public final class Decisions {

    private final Map<String, RunEntry> entries;
    private final Lineup lineup;
    private final Machine machine;
    private final BiConsumer<@Nullable RunEntry, @Nullable RunEntry> replaced;

    /** Decides one input; {@link RunMachine} with its policy. */
    @FunctionalInterface
    public interface Machine {
        /** As {@link RunMachine#decide}. */
        Decision decide(@Nullable RunEntry entry, Input input, Instant now, Lineup lineup);
    }

    /**
     * Decides about the commands of a partition.
     *
     * @param entries by id; changed from now on
     * @param lineup of the same entries; follows their changes from now on
     * @param replaced told of each entry before and after its change; null: there is none
     */
    public Decisions(
            Map<String, RunEntry> entries,
            Lineup lineup,
            Machine machine,
            BiConsumer<@Nullable RunEntry, @Nullable RunEntry> replaced) {
        this.entries = entries;
        this.lineup = lineup;
        this.machine = machine;
        this.replaced = replaced;
    }

    /** What follows from an input, in order; the first decision is about the input itself. */
    public List<Decision> follow(Input input, Instant now) {
        List<Decision> all = new ArrayList<>();
        decide(input, now, all);
        return all;
    }

    /** What follows from its being the turn of those who have become first at their jobs. */
    public List<Decision> turns(Instant now) {
        List<Decision> all = new ArrayList<>();
        for (Input.Turn turn = lineup.takeTurn(); turn != null; turn = lineup.takeTurn()) {
            decide(turn, now, all);
        }
        return all;
    }

    private void decide(Input input, Instant now, List<Decision> all) {
        @Nullable String id = input.commandIdOrNull();
        Decision decision = machine.decide(id == null ? null : entries.get(id), input, now, lineup);
        all.add(decision);
        @Nullable RunEntry entry = decision.entry();
        if (entry != null) {
            replace(entries.put(entry.commandId(), entry), entry);
        }
        if (decision.forgotten() != null) {
            replace(entries.remove(decision.forgotten()), null);
        }
        decision.onward().forEach(told -> decide(told, now, all));
        if (entry != null) {
            lineup.waitersOf(entry.commandId()).forEach(waiter -> decide(new Input.TargetMoved(waiter), now, all));
        }
    }

    private void replace(@Nullable RunEntry before, @Nullable RunEntry after) {
        lineup.replace(before, after);
        replaced.accept(before, after);
    }
}

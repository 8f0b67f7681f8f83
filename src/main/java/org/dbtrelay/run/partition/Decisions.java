package org.dbtrelay.run.partition;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.dbtrelay.run.decide.Decision;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.decide.JobQueues;
import org.dbtrelay.run.decide.RunMachine;
import org.dbtrelay.run.state.RunEntry;
import org.jspecify.annotations.Nullable;

/**
 * All decisions that follow from one input and belong into the same commit: its own, those of the commands that it tells
 * something, those of the commands that waited for it, and those of the commands whose turn has come. The entries are
 * changed at once, so each decision sees what the one before it has decided.
 */
public final class Decisions {

    private final Map<String, RunEntry> entries;
    private final JobQueues queues;
    private final Machine machine;
    private final BiConsumer<@Nullable RunEntry, @Nullable RunEntry> replaced;

    /** Inputs for which the batch before had no room. */
    private final Deque<Input.CommandInput> left = new ArrayDeque<>();

    /** What is committed together. */
    public interface Batch {
        /** Takes what was decided. */
        void take(Decision decision);

        /** Whether what can wait has to wait for the next one. */
        boolean isFull();
    }

    /** Decides one input; {@link RunMachine} with its policy. */
    @FunctionalInterface
    public interface Machine {
        /** As {@link RunMachine#decide}. */
        Decision decide(@Nullable RunEntry entry, Input input, Instant now, JobQueues queues);
    }

    /**
     * Decides about the commands of a partition.
     *
     * @param entries by id; changed from now on
     * @param queues of the same entries; follows their changes from now on
     * @param replaced told of each entry before and after its change; null: there is none
     */
    public Decisions(
            Map<String, RunEntry> entries,
            JobQueues queues,
            Machine machine,
            BiConsumer<@Nullable RunEntry, @Nullable RunEntry> replaced) {
        this.entries = entries;
        this.queues = queues;
        this.machine = machine;
        this.replaced = replaced;
    }

    /**
     * Decides an input and what follows from it.
     *
     * @return the decision about the input itself
     */
    public Decision follow(Input input, Instant now, Batch batch) {
        @Nullable String id = input.commandIdOrNull();
        Decision decision = machine.decide(id == null ? null : entries.get(id), input, now, queues);
        batch.take(decision);
        @Nullable RunEntry entry = decision.entry();
        if (entry != null) {
            replace(entries.put(entry.commandId(), entry), entry);
        }
        if (decision.forgotten() != null) {
            replace(entries.remove(decision.forgotten()), null);
        }
        decision.onward().forEach(told -> follow(told, now, batch));
        if (entry != null) {
            for (String waiter : queues.waitersOf(entry.commandId())) {
                Input.TargetChanged moved = new Input.TargetChanged(waiter);
                if (batch.isFull()) {
                    left.add(moved);
                } else {
                    follow(moved, now, batch);
                }
            }
        }
        return decision;
    }

    /** Decides about those who have become first at their jobs. */
    public void turns(Instant now, Batch batch) {
        while (!batch.isFull()) {
            Input.@Nullable TurnReached turn = queues.takeTurn();
            if (turn == null) {
                return;
            }
            follow(turn, now, batch);
        }
    }

    /** Everything that was left is void: each of these commands begins anew. */
    public void beginAnew(List<String> commandIds) {
        left.clear();
        commandIds.forEach(id -> left.add(new Input.Restored(id)));
    }

    /**
     * Decides what earlier batches had no room for.
     *
     * @return whether nothing is left
     */
    public boolean catchUp(Instant now, Batch batch) {
        while (!left.isEmpty() && !batch.isFull()) {
            follow(left.removeFirst(), now, batch);
        }
        return left.isEmpty();
    }

    /** Whether there is something for the next batch. */
    public boolean isBehind() {
        return !left.isEmpty();
    }

    private void replace(@Nullable RunEntry before, @Nullable RunEntry after) {
        queues.replace(before, after);
        replaced.accept(before, after);
    }
}

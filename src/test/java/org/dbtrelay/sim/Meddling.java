package org.dbtrelay.sim;

import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.dbtrelay.flow.SimFlow;
import org.dbtrelay.ledger.Arrival;
import org.dbtrelay.ledger.Claim;
import org.dbtrelay.ledger.LedgerException;
import org.dbtrelay.ledger.PartitionWork;
import org.dbtrelay.run.CallFailure;
import org.dbtrelay.run.Decision;
import org.dbtrelay.run.Input;
import org.dbtrelay.run.Policy;
import org.dbtrelay.run.RunEntry;
import org.dbtrelay.run.RunState;

/** How mutants break the rules of a process from the inside. */
final class Meddling implements SimFlow.Observer {

    private final World world;
    private final SimProcess process;
    private final Mutant mutant;

    Meddling(World world, SimProcess process) {
        this.world = world;
        this.process = process;
        this.mutant = world.mutant();
    }

    Policy policy(Policy policy) {
        return switch (mutant) {
            case NO_SEND_WINDOW -> copy(policy, "sendWindow", Duration.ofDays(1));
            case SHORT_W -> copy(policy, "unclearWait", Duration.ofSeconds(1));
            default -> policy;
        };
    }

    @Override
    public boolean stampsLate() {
        return mutant == Mutant.WINDOW_AFTER_COMMIT;
    }

    @Override
    public RunEntry known(RunEntry before, Input input) {
        return mutant == Mutant.NO_ID_CHECK && input instanceof Input.Commanded ? null : before;
    }

    @Override
    public Input heard(RunEntry before, Input input) {
        if (before == null) {
            return input;
        }
        return switch (mutant) {
            case NO_LOOKING -> withoutLooking(before.state(), input);
            case ANSWERS_UNMATCHED -> unmatched(before.state(), input);
            default -> input;
        };
    }

    private static Input withoutLooking(RunState state, Input input) {
        if (state instanceof RunState.Starting starting) {
            CallFailure notSent = new CallFailure.NotSent("surely");
            if (input instanceof Input.StartFailed failed) {
                return new Input.StartFailed(failed.commandId(), failed.attempt(), notSent);
            }
            if (input instanceof Input.Restored restored) {
                return new Input.StartFailed(restored.commandId(), starting.attempt(), notSent);
            }
        }
        return input;
    }

    private static Input unmatched(RunState state, Input input) {
        int attempt = switch (state) {
            case RunState.Starting starting -> starting.attempt();
            case RunState.Looking looking -> looking.attempt();
            default -> 0;
        };
        return switch (input) {
            case Input.Started it -> new Input.Started(it.commandId(), attempt, it.run());
            case Input.StartRefused it -> new Input.StartRefused(it.commandId(), attempt, it.reason(), it.message());
            case Input.StartFailed it -> new Input.StartFailed(it.commandId(), attempt, it.failure());
            case Input.LookedUp it -> new Input.LookedUp(it.commandId(), attempt, it.begunAt(), it.run());
            default -> input;
        };
    }

    @Override
    public void decided(RunEntry before, Input input, Decision decision) {
        String state = before == null ? "none" : before.state().getClass().getSimpleName();
        world.coverage().count("pair", state + " + " + input.getClass().getSimpleName());
        switch (input) {
            case Input.Started _ -> world.coverage().count("trigger", "Started");
            case Input.StartRefused _ -> world.coverage().count("trigger", "Refused");
            case Input.StartFailed failed ->
                world.coverage().count("trigger", failed.failure().getClass().getSimpleName());
            default -> {}
        }
        world.trace().say(process.name(), "%s and %s: %s", state, input, decision.actions());
    }

    PartitionWork work(PartitionWork real) {
        return switch (mutant) {
            case COMMANDS_DROPPED -> dropping(real);
            case SEQUENCE_IN_MEMORY ->
                claim -> {
                    claim.restored().entries().replaceAll((id, entry) -> copy(entry, "nextSequence", 0));
                    return real.begin(claim);
                };
            default -> real;
        };
    }

    private static PartitionWork dropping(PartitionWork real) {
        Set<Arrival> dropped = new HashSet<>();
        return claim -> new Dropping(real, claim, dropped);
    }

    private static final class Dropping implements PartitionWork.Session {
        private final PartitionWork.Session session;
        private final Set<Arrival> dropped;

        Dropping(PartitionWork real, Claim claim, Set<Arrival> dropped) {
            this.session = real.begin(claim);
            this.dropped = dropped;
        }

        @Override
        public Instant take(List<Arrival> arrivals) throws LedgerException {
            List<Arrival> kept = new ArrayList<>(arrivals);
            kept.removeIf(dropped::contains);
            try {
                return session.take(kept);
            } catch (LedgerException e) {
                kept.stream().filter(it -> it.origin() != null).forEach(dropped::add);
                throw e;
            }
        }

        @Override
        public Instant takeRefused(Arrival arrival) throws LedgerException {
            return session.takeRefused(arrival);
        }

        @Override
        public int pending() {
            return session.pending();
        }

        @Override
        public void drain() {
            session.drain();
        }

        @Override
        public boolean isDrained() {
            return session.isDrained();
        }

        @Override
        public void end() {
            session.end();
        }
    }

    /** The same record with one component changed, whatever other components it has. */
    private static <T extends Record> T copy(T source, String component, Object value) {
        try {
            RecordComponent[] components = source.getClass().getRecordComponents();
            Object[] values = new Object[components.length];
            for (int i = 0; i < components.length; i++) {
                values[i] = components[i].getName().equals(component)
                        ? value
                        : components[i].getAccessor().invoke(source);
            }
            @SuppressWarnings("unchecked")
            T copy = (T) source.getClass()
                    .getDeclaredConstructor(Arrays.stream(components)
                            .map(RecordComponent::getType)
                            .toArray(Class<?>[]::new))
                    .newInstance(values);
            return copy;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}

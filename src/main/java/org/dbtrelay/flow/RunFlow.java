package org.dbtrelay.flow;

import static org.dbtrelay.metrics.RelayLog.pair;

import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.dbtrelay.ledger.Arrival;
import org.dbtrelay.ledger.Claim;
import org.dbtrelay.ledger.LedgerException;
import org.dbtrelay.ledger.Origin;
import org.dbtrelay.ledger.PartitionWork;
import org.dbtrelay.ledger.Position;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.Action;
import org.dbtrelay.run.Decision;
import org.dbtrelay.run.Input;
import org.dbtrelay.run.RunEntry;
import org.dbtrelay.run.RunState;
import org.jspecify.annotations.Nullable;

/**
 * The order of things, for one claim on one partition. The class to read first:
 *
 * <pre>
 *   what the mailbox holds ─▶ 1 decide   pure: what changes, what is told, what is to be done
 *                             2 commit   all of it in one transaction
 *                             3 act      call dbt Cloud; the answer comes back into the mailbox
 * </pre>
 *
 * Nothing is acknowledged and nothing is done before the commit has returned. If the commit fails, whatever the reason, this
 * object is thrown away: the next claim reads what is true.
 */
final class RunFlow implements PartitionWork.Session {

    private static final RelayLog LOG = RelayLog.of(RunFlow.class);
    private static final Duration AT_THE_LATEST = Duration.ofMinutes(1);
    private static final int FORGOTTEN_AT_ONCE = 1_000;

    private final Claim claim;
    private final PartitionFlow flow;
    private final Books books;
    private final Audit audit;
    private final Wakes wakes;
    private final Set<String> startsOnWire = new HashSet<>();
    private final Reservations reservations = new Reservations();
    private final ClockWatch clocks = new ClockWatch();
    private Position position;
    private boolean recovered;
    private boolean draining;

    RunFlow(Claim claim, PartitionFlow flow) {
        this.claim = claim;
        this.flow = flow;
        this.position = claim.restored().position();
        this.books = new Books(claim.restored().entries(), flow.policy(), flow.metrics());
        this.audit = new Audit(claim.partition());
        this.wakes = new Wakes(books::isOpen);
        flow.watches().drop(claim.partition());
        flow.views().serve(claim.partition(), books);
    }

    @Override
    public Instant take(List<Arrival> arrivals) throws LedgerException {
        Instant now = flow.clock().instant();
        long nanos = flow.monotonic().nanos();
        Step step = new Step(now, position);
        if (recovered && clocks.cameApart(now, nanos)) {
            beginAnew();
        }
        if (!recovered) {
            books.open().forEach(id -> decide(new Input.Restored(id), null, step));
            recovered = true;
            clocks.begin(now, nanos);
        }
        for (Arrival arrival : arrivals) {
            arrived(arrival, step);
        }
        if (!draining) {
            passTime(step);
            takeTurns(step);
        }
        commit(step);
        act(step, flow.sendWindow(now, nanos));
        // While it drains nothing is woken, so nothing that is due may hurry it.
        @Nullable Instant next = draining ? null : wakes.next();
        Instant latest = now.plus(AT_THE_LATEST);
        return next == null || next.isAfter(latest) ? latest : next;
    }

    /** What the clock brings. What is to be forgotten has no hurry, and may be much after a long stop. */
    private void passTime(Step step) {
        for (Action.WakeAt wake = wakes.takeDue(step.now()); wake != null; wake = wakes.takeDue(step.now())) {
            decide(new Input.Woken(wake.commandId()), null, step);
        }
        for (int i = 0; i < FORGOTTEN_AT_ONCE; i++) {
            @Nullable RunEntry over = books.retention().takeOver(step.now());
            if (over == null) {
                return;
            }
            decide(new Input.Woken(over.commandId()), null, step);
        }
    }

    /** Whoever has become first at its job goes on. */
    private void takeTurns(Step step) {
        for (Input.Turn turn = books.lineup().takeTurn();
                turn != null;
                turn = books.lineup().takeTurn()) {
            decide(turn, null, step);
        }
    }

    /** What was to be waited for by the clock as it was (W above all) is waited for again, as after a claim. */
    private void beginAnew() {
        LOG.warn(
                "The clock was set, or the machine was suspended: all waits of the partition begin anew",
                pair(LogKey.PARTITION, claim.partition()));
        wakes.clear();
        books.lineup().beginAnew();
        flow.watches().drop(claim.partition());
        recovered = false;
    }

    @Override
    public Instant takeRefused(Arrival arrival) throws LedgerException {
        LOG.warn("One record is too large for its topic and is cut down", pair(LogKey.PARTITION, claim.partition()));
        Instant now = flow.clock().instant();
        Step step = new Step(now, position).withoutValues();
        Input input = switch (arrival.input()) {
            case Input.Unreadable unreadable -> unreadable;
            case Input.Swept swept -> swept;
            case Input.Commanded commanded -> Faults.rejected(commanded, "its record or its event is too large");
            case Input.About about -> new Input.Broken(about.commandId(), "its record or its event is too large");
        };
        arrived(new Arrival(input, arrival.origin()), step);
        commit(step);
        act(step, flow.sendWindow(now, flow.monotonic().nanos()));
        return now;
    }

    private void arrived(Arrival arrival, Step step) {
        @Nullable Origin origin = arrival.origin();
        if (origin != null) {
            step.acknowledge(origin);
            if (step.covers(origin)) {
                flow.metrics().ignoredAsKnown();
                return;
            }
            step.moveTo(origin);
        }
        switch (arrival.input()) {
            // Without a reservation it is left over from an earlier claim; this one has asked for its own.
            case Input.MayStart mayStart when !reservations.holds(mayStart.commandId()) -> {}
            // What was asked for before its command changed is over: its place may be another's.
            case Input.MayStart mayStart
            when draining || !books.slots().isGranted(mayStart.commandId()) ->
                reservations.giveBack(mayStart.commandId());
            case Input.MayStart mayStart -> {
                step.mayStart(mayStart.commandId());
                decide(mayStart, origin, step);
            }
            case Input.InFlight looked when looked.look().again() -> lookedAgain(looked, step);
            case Input.RunRead read when read.look() != null && read.look().again() -> lookedAgain(read, step);
            case Input.Started started -> answered(started, step);
            case Input.StartRefused refused -> answered(refused, step);
            case Input.StartFailed failed -> answered(failed, step);
            case Input.Swept swept ->
                MarkedRuns.of(swept, books.all(), flow.policy(), step.now())
                        .forEach(marked -> decide(marked, null, step));
            case Input other -> decide(other, origin, step);
        }
    }

    /** If it does not go on to its start, its place is another's. */
    private void lookedAgain(Input.About answer, Step step) {
        step.mayStart(answer.commandId());
        decide(answer, null, step);
    }

    private void answered(Input.About answer, Step step) {
        startsOnWire.remove(answer.commandId());
        decide(answer, null, step);
    }

    /** 1: what follows from the input. A fault in it ends this one command and not the partition. */
    private void decide(Input input, @Nullable Origin origin, Step step) {
        @Nullable String id = commandId(input);
        @Nullable RunEntry entry = books.find(id);
        Decision decision;
        try {
            decision = flow.decide(entry, input, step.now(), books.lineup());
        } catch (RuntimeException e) {
            LOG.error("A fault of the relay ends this command", e, pair(LogKey.COMMAND_ID, id));
            decision = flow.decide(entry, Faults.after(input, e), step.now(), books.lineup());
        }
        if (decision.deadLetter() != null && origin != null) {
            step.putAside(origin, decision.deadLetter());
        }
        if (decision.entry() != null) {
            books.put(decision.entry());
            step.change(decision.entry());
        }
        if (decision.forgotten() != null) {
            books.remove(decision.forgotten());
            step.forget(decision.forgotten());
        }
        step.tell(decision.events());
        step.then(decision.actions());
        if (!decision.changes() && origin != null) {
            flow.metrics().ignoredAsKnown();
        }
        decision.onward().forEach(told -> decide(told, null, step));
        if (id != null && decision.entry() != null) {
            books.lineup().waitersOf(id).forEach(waiter -> decide(new Input.TargetMoved(waiter), null, step));
        }
    }

    /** 2: all or nothing. */
    private void commit(Step step) throws LedgerException {
        if (step.isEmpty()) {
            step.origins().forEach(origin -> origin.acknowledge().run());
            return;
        }
        long begun = flow.monotonic().nanos();
        int records = claim.append(
                step.changed(),
                step.forgotten(),
                step.movedPosition(),
                step.records(flow.events(), flow.deadLetters()));
        flow.metrics().committed(records, Duration.ofNanos(flow.monotonic().nanos() - begun));
        position = step.position();
        step.origins().forEach(origin -> origin.acknowledge().run());
        step.report(flow.metrics(), flow.traces(), flow.clock().instant());
        step.events().forEach(event -> audit.told(event, books.find(event.commandId())));
        flow.views().told(step.events());
    }

    /** 3: only now. */
    private void act(Step step, SendWindow window) {
        for (Action action : step.actions()) {
            audit.does(action, books.find(action.commandId()));
            switch (action) {
                case Action.WakeAt wake -> wakes.add(wake);
                case Action.Watch watch -> flow.watches().add(claim.partition(), watch, step.now(), claim.inbox());
                case Action.Start start -> {
                    startsOnWire.add(start.commandId());
                    step.reserved().remove(start.commandId());
                    flow.actions().start(start, reservations.take(start.commandId()), window, claim.inbox());
                }
                case Action.ReserveStart reserve -> awaitSlot(reserve, step);
                case Action.ListInFlight again when again.look().again() -> lookAgain(again, step);
                case Action.ReadNewestRun again when again.look().again() -> lookAgain(again, step);
                case Action other -> flow.actions().perform(other, reservations, claim.inbox());
            }
        }
        step.reserved().forEach(this::giveBack);
        books.slots().takeFree().forEach(reserve -> flow.actions().perform(reserve, reservations, claim.inbox()));
    }

    /** A reservation that led to no start: its command is over, or it is not its turn any more. */
    private void giveBack(String commandId) {
        reservations.giveBack(commandId);
        books.slots().giveBack(commandId);
    }

    /** Its permit goes back, for looks need some too; its place among the runs in flight stays. */
    private void lookAgain(Action look, Step step) {
        reservations.giveBack(look.commandId());
        step.reserved().remove(look.commandId());
        flow.actions().perform(look, reservations, claim.inbox());
    }

    private void awaitSlot(Action.ReserveStart reserve, Step step) {
        if (reserve.look() != null && reserve.look().again()) {
            // It keeps its place; a permit that it may still hold could be the one that it would wait for.
            reservations.giveBack(reserve.commandId());
            step.reserved().remove(reserve.commandId());
        }
        @Nullable RunEntry entry = books.find(reserve.commandId());
        if (entry != null && entry.state() instanceof RunState.Waiting) {
            books.slots().await(entry, reserve);
        }
    }

    private static @Nullable String commandId(Input input) {
        return switch (input) {
            case Input.Unreadable unreadable -> null;
            case Input.Swept swept -> null;
            case Input.Commanded commanded -> commanded.command().id();
            case Input.About about -> about.commandId();
        };
    }

    @Override
    public int pending() {
        return books.tally().unfinished();
    }

    @Override
    public void drain() {
        draining = true;
        flow.watches().drop(claim.partition());
    }

    @Override
    public boolean isDrained() {
        return startsOnWire.isEmpty();
    }

    @Override
    public void end() {
        reservations.close();
        books.tally().close();
        flow.watches().drop(claim.partition());
        flow.views().end(claim.partition(), books);
    }
}

package org.dbtrelay.flow;

import static org.dbtrelay.metrics.RelayLog.pair;

import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.dbtrelay.ledger.Claim;
import org.dbtrelay.ledger.PartitionProcessor;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.ledger.entry.Position;
import org.dbtrelay.ledger.intake.MailboxItem;
import org.dbtrelay.ledger.intake.SourceRecord;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.decide.Action;
import org.dbtrelay.run.decide.Decision;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.decide.JobQueues;
import org.dbtrelay.run.event.DeadLetter;
import org.dbtrelay.run.partition.Decisions;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
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
final class RunFlow implements PartitionProcessor.Session {

    private static final RelayLog LOG = RelayLog.of(RunFlow.class);
    private static final Duration AT_THE_LATEST = Duration.ofMinutes(1);

    private final Claim claim;
    private final RunFlows flow;
    private final Policy policy;
    private final PartitionState books;
    private final Decisions decisions;
    private final RecordRouting placing;
    private final Audit audit;
    private final Timers wakes;
    private final Set<String> startsOnWire = new HashSet<>();
    private final Reservations reservations = new Reservations();
    private final ClockWatch clocks = new ClockWatch();
    private final long watched;
    private Position position;

    private boolean begun;
    private boolean draining;

    RunFlow(Claim claim, RunFlows flow) {
        this.claim = claim;
        this.flow = flow;
        this.position = claim.restored().position();
        this.policy = flow.policy().inCluster(position.cluster());
        this.books = new PartitionState(
                claim.restored().entries(), policy, flow.metrics(), flow.clock().instant());
        this.decisions = new Decisions(claim.restored().entries(), books.queues(), this::decideOne, books::replaced);
        this.placing = new RecordRouting(claim.partition(), claim.placement(), flow.destinations(), books);
        this.audit = new Audit(claim.partition());
        this.wakes = new Timers(books::isOpen);
        this.watched = flow.watches().begin();
        flow.views().serve(claim.partition(), books);
    }

    @Override
    public PartitionProcessor.Taken take(List<MailboxItem> arrivals) throws LedgerException {
        Instant now = flow.clock().instant();
        long nanos = flow.monotonic().nanos();
        CommitBatch step = new CommitBatch(flow, claim, now, position);
        if (!begun || clocks.cameApart(now, nanos)) {
            begin(now, nanos);
        }
        // What arrives waits until all is done that earlier steps had no room for.
        int taken = 0;
        if (decisions.catchUp(now, step)) {
            while (taken < arrivals.size() && !step.isHalfFull()) {
                arrived(arrivals.get(taken++), step);
            }
            if (!draining) {
                passTime(step);
            }
        }
        commit(step);
        act(step, flow.sendWindow(now, nanos));
        return new PartitionProcessor.Taken(taken, decisions.isBehind() || step.isFull() ? now : next(now));
    }

    private Instant next(Instant now) {
        // While it drains nothing is woken, so nothing that is due may hurry it.
        @Nullable Instant next = draining ? null : wakes.next();
        Instant latest = now.plus(AT_THE_LATEST);
        return next == null || next.isAfter(latest) ? latest : next;
    }

    /** What the clock brings. What is to be forgotten comes last: it has no hurry, and may be much after a long stop. */
    private void passTime(CommitBatch step) {
        while (!step.isFull()) {
            Action.@Nullable SetTimer wake = wakes.takeDue(step.now());
            if (wake == null) {
                break;
            }
            decide(new Input.TimerFired(wake.commandId()), step);
        }
        decisions.turns(step.now(), step);
        while (!step.isFull()) {
            @Nullable RunEntry over = books.retention().takeOver(step.now());
            if (over == null) {
                break;
            }
            decide(new Input.TimerFired(over.commandId()), step);
        }
    }

    /**
     * The claim is new, or the clocks do not agree any more: then what was to be waited for by the clock as it was (W above all)
     * is waited for again.
     */
    private void begin(Instant now, long nanos) {
        if (begun) {
            LOG.warn(
                    "The clock was set, or the machine was suspended: all waits of the partition begin anew",
                    pair(LogKey.PARTITION, claim.partition()));
            wakes.clear();
            books.queues().beginAnew();
            flow.watches().drop(watched);
        }
        clocks.begin(now, nanos);
        decisions.beginAnew(books.open());
        begun = true;
    }

    private void arrived(MailboxItem arrival, CommitBatch step) {
        @Nullable SourceRecord origin = arrival.origin();
        if (origin != null) {
            step.acknowledge(origin);
            if (step.covers(origin)) {
                flow.metrics().ignoredAsKnown();
                return;
            }
            step.moveTo(origin);
        }
        if (origin != null && arrival.input() instanceof Input.RecordInput ofRecord) {
            place(origin, ofRecord, step);
        } else {
            heard(arrival.input(), step);
        }
    }

    /** A record is taken where it belongs, and passed on to there from anywhere else. */
    private void place(SourceRecord origin, Input.RecordInput input, CommitBatch step) {
        switch (placing.of(origin, input)) {
            case RecordRouting.Place.Here(Input sent, SourceRecord source, boolean cameOn) -> {
                if (cameOn) {
                    step.cameOn(origin, source, sent.commandIdOrNull());
                }
                Input placed = sent instanceof Input.CommandReceived commanded
                        ? commanded.at(step.place(commanded.offset()))
                        : sent;
                @Nullable DeadLetter deadLetter = decide(placed, step).deadLetter();
                if (deadLetter != null) {
                    step.putAside(origin, source, deadLetter);
                }
            }
            case RecordRouting.Place.Elsewhere elsewhere -> {
                @Nullable String whyNot = whyNotPassedOn(origin);
                if (whyNot == null) {
                    step.passOn(origin, elsewhere);
                } else {
                    step.putAside(origin, elsewhere.origin(), elsewhere.verdict(whyNot));
                }
            }
        }
    }

    private @Nullable String whyNotPassedOn(SourceRecord origin) {
        return claim.placement().mayPassOn()
                ? claim.refusals().whyNotPassedOn(origin.record().offset())
                : "Kafka does not let the relay's user Write the topic";
    }

    private void heard(Input input, CommitBatch step) {
        switch (input) {
            // Without a reservation it is left over from an earlier claim; this one has asked for its own.
            case Input.StartReserved mayStart when !reservations.holds(mayStart.commandId()) -> {}
            // What was asked for before its command changed is over: its place may be another's.
            case Input.StartReserved mayStart
            when draining || !books.slots().isGranted(mayStart.commandId()) ->
                reservations.giveBack(mayStart.commandId());
            case Input.StartReserved mayStart -> {
                step.mayStart(mayStart.commandId());
                decide(mayStart, step);
            }
            case Input.RunsInFlight looked when looked.look().again() -> lookedAgain(looked, step);
            case Input.RunRead read when read.look() != null && read.look().again() -> lookedAgain(read, step);
            case Input.Started started -> answered(started, step);
            case Input.StartRefused refused -> answered(refused, step);
            case Input.StartFailed failed -> answered(failed, step);
            case Input.SweepResult swept ->
                books.marked().of(swept, step.now()).forEach(marked -> decide(marked, step));
            case Input other -> decide(other, step);
        }
    }

    /** If it does not go on to its start, its place is another's. */
    private void lookedAgain(Input.CommandInput answer, CommitBatch step) {
        step.mayStart(answer.commandId());
        decide(answer, step);
    }

    private void answered(Input.CommandInput answer, CommitBatch step) {
        startsOnWire.remove(answer.commandId());
        decide(answer, step);
    }

    /** 1: what follows from the input. */
    private Decision decide(Input input, CommitBatch step) {
        Decision decision = decisions.follow(input, step.now(), step);
        if (!decision.changes() && input instanceof Input.RecordInput) {
            flow.metrics().ignoredAsKnown();
        }
        return decision;
    }

    /** A record that its topic refuses, or a fault in a decision, ends the one command and not the partition. */
    private Decision decideOne(@Nullable RunEntry entry, Input input, Instant now, JobQueues queues) {
        @Nullable String id = input.commandIdOrNull();
        if (id != null && claim.refusals().timesOfCommand(id) > 0) {
            LOG.warn("A record is too large for its topic, which ends its command", pair(LogKey.COMMAND_ID, id));
            return flow.decide(
                    entry == null ? null : entry.withoutContext(),
                    InternalErrors.afterRefusal(input),
                    now,
                    policy,
                    queues);
        }
        try {
            return flow.decide(entry, input, now, policy, queues);
        } catch (RuntimeException e) {
            LOG.error("A fault of the relay ends this command", e, pair(LogKey.COMMAND_ID, id));
            return flow.decide(entry, InternalErrors.after(input, e), now, policy, queues);
        }
    }

    /** 2: all or nothing. */
    private void commit(CommitBatch step) throws LedgerException {
        if (step.isEmpty()) {
            step.origins().forEach(origin -> origin.acknowledge().run());
            return;
        }
        long begun = flow.monotonic().nanos();
        List<ProducerRecord<byte[], byte[]>> records = step.records();
        try {
            claim.append(records);
        } catch (LedgerException e) {
            step.refused(e.refused(), e.why());
            throw e;
        }
        flow.metrics()
                .committed(records.size(), Duration.ofNanos(flow.monotonic().nanos() - begun));
        position = step.position();
        step.showIn(flow.views());
        step.origins().forEach(origin -> origin.acknowledge().run());
        step.report(flow.clock().instant());
        step.audit(audit);
        step.events().forEach(event -> audit.told(event, books.find(event.commandId())));
    }

    /** 3: only now. */
    private void act(CommitBatch step, SendWindow window) {
        for (Action action : step.actions()) {
            audit.does(action, books.find(action.commandId()));
            switch (action) {
                case Action.SetTimer wake -> wakes.add(wake);
                case Action.SchedulePoll watch -> flow.watches().add(watched, watch, step.now(), claim.inbox());
                case Action.Start start -> {
                    startsOnWire.add(start.commandId());
                    step.reserved().remove(start.commandId());
                    flow.triggers().start(start, reservations.take(start.commandId()), window, claim.inbox());
                }
                case Action.ReserveStart reserve -> awaitSlot(reserve, step);
                case Action.ListInFlight again when again.look().again() -> lookAgain(again, step);
                case Action.ReadNewestRun again when again.look().again() -> lookAgain(again, step);
                case Action.Call call -> flow.actions().perform(call, claim.inbox());
            }
        }
        step.reserved().forEach(this::giveBack);
        books.slots().takeFree().forEach(reserve -> flow.triggers().reserve(reserve, reservations, claim.inbox()));
    }

    /** A reservation that led to no start: its command is over, or it is not its turn any more. */
    private void giveBack(String commandId) {
        reservations.giveBack(commandId);
        books.slots().giveBack(commandId);
    }

    /** Its permit goes back, for looks need some too; its place among the runs in flight stays. */
    private void lookAgain(Action.Call look, CommitBatch step) {
        reservations.giveBack(look.commandId());
        step.reserved().remove(look.commandId());
        flow.actions().perform(look, claim.inbox());
    }

    private void awaitSlot(Action.ReserveStart reserve, CommitBatch step) {
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

    @Override
    public int pending() {
        return books.tally().unfinished();
    }

    @Override
    public void drain() {
        draining = true;
        flow.watches().drop(watched);
    }

    @Override
    public boolean isDrained() {
        return startsOnWire.isEmpty();
    }

    @Override
    public void end() {
        reservations.close();
        books.tally().close();
        flow.watches().drop(watched);
        flow.views().end(claim.partition(), books);
    }
}

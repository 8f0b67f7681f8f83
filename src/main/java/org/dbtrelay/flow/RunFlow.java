package org.dbtrelay.flow;

import static org.dbtrelay.metrics.RelayLog.pair;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.dbtrelay.dbtcloud.budget.ManualSuspension.Switched;
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
import org.dbtrelay.run.job.JobOfConnection;
import org.dbtrelay.run.partition.Partition;
import org.dbtrelay.run.state.RunEntry;
import org.jspecify.annotations.Nullable;

/**
 * One claim on one partition. The class to read first:
 *
 * <pre>
 *   inputs from the mailbox ─▶ 1 decide   pure: changed entries, events and actions, as one batch
 *                              2 commit   the batch, in one transaction
 *                              3 act      call dbt Cloud; the answer comes back into the mailbox
 * </pre>
 *
 * The relay acknowledges nothing and does nothing before the commit has returned. If the commit fails, for whatever reason,
 * this object is thrown away: the next claim reads the ledger again.
 */
final class RunFlow implements PartitionProcessor.Session {

    private static final RelayLog LOG = RelayLog.of(RunFlow.class);
    private static final Duration AT_THE_LATEST = Duration.ofMinutes(1);

    private final Claim claim;
    private final RunFlows flow;
    private final Policy policy;
    private final Partition commands;
    private final RecordIntake records;
    private final Observing observing;
    private final Audit audit;
    private final CommandGauges gauges;
    private final Reservations reservations = new Reservations();
    private final ClockWatch clocks = new ClockWatch();
    private final long polls;
    private Map<JobOfConnection, Switched> suspended = Map.of();
    private Position position;
    private boolean begun;

    RunFlow(Claim claim, RunFlows flow) {
        this.claim = claim;
        this.flow = flow;
        this.position = claim.restored().position();
        this.policy = flow.policy.inCluster(position.cluster());
        this.commands = new Partition(
                claim.restored().entries(),
                policy,
                this::decide,
                reserve -> flow.triggers.reserveAtOnce(reserve, reservations),
                flow.clock.instant());
        this.records = new RecordIntake(claim, commands, flow.destinations, flow.metrics);
        this.observing = new Observing(claim, policy, flow.observations);
        this.audit = new Audit(claim.partition());
        this.gauges = new CommandGauges(flow.metrics);
        this.polls = flow.polls.begin();
        gauges.report(commands.counts());
        flow.views.serve(claim.partition(), commands);
    }

    @Override
    public PartitionProcessor.Taken take(List<MailboxItem> items) throws LedgerException {
        Instant now = flow.clock.instant();
        long nanos = flow.monotonic.nanos();
        watchClocks(now, nanos);
        observing.place(now);
        suspendJobs();
        CommitBatch batch = new CommitBatch(flow, claim, now, position);
        int taken = 0;
        if (commands.catchUp(batch)) {
            while (taken < items.size() && !batch.isHalfFull()) {
                take(items.get(taken++), batch);
            }
            commands.passTime(batch);
        }
        commit(batch);
        perform(commands.committed(batch.actions()), now, flow.sendWindow(now, nanos));
        gauges.report(commands.counts());
        return new PartitionProcessor.Taken(taken, commands.isBehind() || batch.isFull() ? now : next(now));
    }

    /** What a person has switched since the last batch. */
    private void suspendJobs() {
        Map<JobOfConnection, Switched> all = flow.jobSwitches.all();
        if (!all.equals(suspended)) {
            suspended = all;
            commands.suspend(all.keySet());
        }
    }

    /** If the two clocks have come apart, all waits (W above all) begin anew. */
    private void watchClocks(Instant now, long nanos) {
        if (begun && !clocks.cameApart(now, nanos)) {
            return;
        }
        if (begun) {
            LOG.warn(
                    "The clock was set, or the machine was suspended: all waits of the partition begin anew",
                    pair(LogKey.PARTITION, claim.partition()));
            commands.beginAnew();
            flow.polls.drop(polls);
        }
        clocks.begin(now, nanos);
        begun = true;
    }

    /** 1: what follows from an input. */
    private void take(MailboxItem item, CommitBatch batch) {
        @Nullable SourceRecord origin = item.origin();
        if (origin != null) {
            records.take(origin, item.input(), batch);
        } else if (item.input() instanceof Input.ObservationBegins begun) {
            observing.take(begun, batch);
        } else if (item.input() instanceof Input.RunsListed listed) {
            observing.take(listed, batch);
        } else if (!(item.input() instanceof Input.StartReserved start) || reservations.holds(start.commandId())) {
            // A reservation that this claim does not hold is one of an earlier claim; this one has asked for its own.
            commands.take(item.input(), batch);
        }
    }

    /** A record that its topic refuses, or a fault in a decision, ends the one command and not the partition. */
    private Decision decide(@Nullable RunEntry entry, Input input, Instant now, JobQueues queues) {
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
        } catch (RuntimeException | StackOverflowError e) {
            LOG.error("Internal error: the command ends", e, pair(LogKey.COMMAND_ID, id));
            return flow.decide(entry, InternalErrors.after(input, e), now, policy, queues);
        }
    }

    /** 2: all or nothing. */
    private void commit(CommitBatch batch) throws LedgerException {
        if (batch.isEmpty()) {
            batch.origins().forEach(origin -> origin.acknowledge().run());
            batch.listed().forEach(ObservedAccount::committed);
            return;
        }
        long started = flow.monotonic.nanos();
        List<ProducerRecord<byte[], byte[]>> written = batch.records();
        try {
            claim.append(written);
        } catch (LedgerException e) {
            batch.refused(e.refused(), e.why());
            throw e;
        }
        flow.metrics.committed(written.size(), Duration.ofNanos(flow.monotonic.nanos() - started));
        position = batch.position();
        batch.listed().forEach(ObservedAccount::committed);
        batch.showIn(flow.views);
        batch.notWaiting().forEach(reservations::withdraw);
        batch.origins().forEach(origin -> origin.acknowledge().run());
        batch.report(flow.clock.instant());
        batch.audit(audit);
        batch.events().forEach(event -> audit.told(event, commands.find(event.commandId())));
    }

    /** 3: only now. */
    private void perform(Partition.Work work, Instant now, SendWindow window) {
        work.unused().forEach(reservations::giveBack);
        for (Action.External action : work.actions()) {
            audit.does(action, commands.find(action.commandId()));
            switch (action) {
                case Action.SchedulePoll poll -> flow.polls.add(polls, poll, now, claim.inbox());
                case Action.ReserveStart reserve -> flow.triggers.reserve(reserve, reservations, claim.inbox());
                case Action.Start start ->
                    flow.triggers.start(start, reservations.take(start.commandId()), window, claim.inbox());
                case Action.Call call -> flow.actions.perform(call, claim.inbox());
            }
        }
    }

    private Instant next(Instant now) {
        @Nullable Instant next = commands.nextTimer();
        Instant latest = now.plus(AT_THE_LATEST);
        return next == null || next.isAfter(latest) ? latest : next;
    }

    @Override
    public int pending() {
        // Observed runs have a bound of their own, where they come in.
        return commands.counts().unfinished() - commands.counts().observed();
    }

    @Override
    public void drain() {
        commands.drain();
        flow.polls.drop(polls);
    }

    @Override
    public boolean isDrained() {
        return commands.isDrained();
    }

    @Override
    public void end() {
        reservations.close();
        observing.end();
        gauges.close();
        flow.polls.drop(polls);
        flow.views.end(claim.partition(), commands);
    }
}

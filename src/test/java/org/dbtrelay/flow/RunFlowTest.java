package org.dbtrelay.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.dbtrelay.command.SimCommands;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.Policies;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.budget.JobSwitches;
import org.dbtrelay.dbtcloud.budget.ManualSuspension.Switched;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.budget.RequestBudget.Permit;
import org.dbtrelay.dbtcloud.budget.TestBudgets;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.event.SimEvents;
import org.dbtrelay.ledger.Claim;
import org.dbtrelay.ledger.PartitionProcessor;
import org.dbtrelay.ledger.SimLedger;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.ledger.intake.MailboxItem;
import org.dbtrelay.ledger.intake.SourceRecord;
import org.dbtrelay.metrics.RelayTraces;
import org.dbtrelay.metrics.SimMetrics;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.decide.Action;
import org.dbtrelay.run.decide.Decision;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.decide.JobQueues;
import org.dbtrelay.run.job.JobOfConnection;
import org.dbtrelay.run.job.SampleRun;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.StartCall;
import org.dbtrelay.testkit.HandTurnedClock;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** One claim on one partition: the order of commit and actions, and a commit that fails. */
class RunFlowTest {

    private static final TopicPartition LEDGER = new TopicPartition("dbt.relay.ledger", 0);
    private static final String COMMAND = "{\"command\":\"trigger\",\"command_id\":\"c1\",\"job_id\":7}";

    private final HandTurnedClock clock = HandTurnedClock.at("2026-11-22T10:00:00Z");
    private final List<String> journal = new ArrayList<>();
    private final List<Input> inbox = new ArrayList<>();
    private final Ledger ledger = new Ledger();
    private final PollSchedule polls = new PollSchedule();
    private final RelayConfig config = config();
    private final Permit permit = TestBudgets.wide().reserve(Priority.TRIGGER).join();
    private CompletableFuture<Permit> grant = CompletableFuture.completedFuture(permit);
    private boolean isFree;
    private @Nullable Error fault;
    private final JobSwitches switches = new JobSwitches();
    private RunFlows flows;
    private PartitionProcessor.Session session;

    @BeforeEach
    void begin() throws Exception {
        Policy policy = Policies.of(config);
        CommandViews views = new CommandViews();
        flows =
                new RunFlows(
                        policy,
                        TestConnections.silent(config, clock),
                        new Actions(null, null, null, clock, SimMetrics.none()) {
                            @Override
                            void perform(Action.Call action, Consumer<Input> answers) {
                                journal.add(action.getClass().getSimpleName());
                            }
                        },
                        new JournaledTriggers(),
                        polls,
                        views,
                        new Destinations(views),
                        new Observations(),
                        SimEvents.observedRecords(config),
                        SimEvents.events(config, policy),
                        SimEvents.deadLetters(config),
                        clock,
                        new Monotonic(),
                        SimMetrics.none(),
                        RelayTraces.none(),
                        switches) {
                    @Override
                    Decision decide(
                            @Nullable RunEntry entry, Input input, Instant now, Policy policy, JobQueues queues) {
                        if (fault != null && !(input instanceof Input.InternalFault)) {
                            throw fault;
                        }
                        return super.decide(entry, input, now, policy, queues);
                    }
                };
        session = flows.begin(claim());
    }

    @Test
    void acknowledgesAndActsOnlyAfterTheCommit() throws LedgerException {
        session.take(List.of(command()));
        assertThat(journal).containsExactly("commit", "acknowledge", "reserve");

        journal.clear();
        session.take(answers());
        assertThat(journal).as("the intent comes before the request").containsExactly("commit", "start");

        session.take(List.of(started()));
        assertThat(polls.size()).isOne();
    }

    @Test
    void startsAfterTheOneCommitOfAcceptanceAndIntent() throws LedgerException {
        isFree = true;

        session.take(List.of(command()));

        assertThat(journal).containsExactly("commit", "acknowledge", "start");
    }

    /** A commit of which nobody knows whether it counts, and one that another owner has fenced off. */
    enum FailedCommit {
        LOST(LedgerException.Kind.LOST),
        FENCED(LedgerException.Kind.FENCED);

        private final LedgerException.Kind kind;

        FailedCommit(LedgerException.Kind kind) {
            this.kind = kind;
        }

        RuntimeException failure() {
            return switch (this) {
                case LOST -> new TimeoutException("no broker answered in time");
                case FENCED -> new ProducerFencedException("another owner has claimed it");
            };
        }
    }

    @ParameterizedTest
    @EnumSource
    void neitherAcknowledgesNorReservesAfterAFailedCommit(FailedCommit commit) {
        ledger.commitTransactionException = commit.failure();

        LedgerException failed = catchThrowableOfType(LedgerException.class, () -> session.take(List.of(command())));

        assertThat(failed.kind()).isEqualTo(commit.kind);
        assertThat(journal).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void sendsNoTriggerAfterAFailedCommitOfAcceptanceAndIntent(FailedCommit commit) {
        isFree = true;
        ledger.commitTransactionException = commit.failure();

        assertThat(catchThrowableOfType(LedgerException.class, () -> session.take(List.of(command()))))
                .isNotNull();
        session.end();

        assertThat(journal).isEmpty();
        assertThat(TestBudgets.isOpen(permit)).as("the permit is given back").isFalse();
    }

    @ParameterizedTest
    @EnumSource
    void sendsNoTriggerAfterAFailedCommitOfItsIntent(FailedCommit commit) throws LedgerException {
        session.take(List.of(command()));
        journal.clear();
        ledger.commitTransactionException = commit.failure();

        assertThat(catchThrowableOfType(LedgerException.class, () -> session.take(answers())))
                .isNotNull();
        assertThat(journal).isEmpty();

        session.end();
        assertThat(TestBudgets.isOpen(permit)).as("the permit is given back").isFalse();
    }

    @ParameterizedTest
    @EnumSource
    void pollsNoRunAfterAFailedCommit(FailedCommit commit) throws LedgerException {
        session.take(List.of(command()));
        session.take(answers());
        ledger.commitTransactionException = commit.failure();

        assertThat(catchThrowableOfType(LedgerException.class, () -> session.take(List.of(started()))))
                .isNotNull();
        assertThat(polls.size()).isZero();
    }

    @Test
    void ignoresAReservationOfAnEarlierClaim() throws Exception {
        session.take(List.of(command()));
        List<MailboxItem> late = answers();
        session.end();
        journal.clear();

        flows.begin(claim()).take(late);

        assertThat(journal).as("the new claim asks for its own").containsExactly("reserve");
    }

    @Test
    void startsNoRunOfAJobThatAPersonHasSuspended() throws LedgerException {
        JobOfConnection job = new JobOfConnection("default", 7);
        switches.hold(job, new Switched(clock.instant(), null, null));
        session.take(List.of(command()));
        assertThat(journal).as("it is accepted").containsExactly("commit", "acknowledge");

        journal.clear();
        switches.release(job);
        session.take(List.of(MailboxItem.of(new Input.JobsSwitched())));
        assertThat(journal).containsExactly("reserve");

        journal.clear();
        switches.hold(job, new Switched(clock.instant(), null, null));
        session.take(answers());
        assertThat(journal).as("its permit is of no use").isEmpty();
        assertThat(TestBudgets.isOpen(permit)).as("the permit is given back").isFalse();
    }

    @Test
    void acknowledgesARecordThatWasTakenBeforeWithoutATransaction() throws LedgerException {
        session.take(List.of(command()));
        journal.clear();

        session.take(List.of(command()));

        assertThat(journal).containsExactly("acknowledge");
    }

    @Test
    void dropsItsPollsAtItsEnd() throws LedgerException {
        session.take(List.of(command()));
        session.take(answers());
        session.take(List.of(started()));

        session.end();

        assertThat(polls.size()).isZero();
    }

    /** After the clock was set, a run in flight is polled by the new time. */
    @Test
    void schedulesItsPollsAnewWhenTheClockWasSet() throws LedgerException {
        session.take(List.of(command()));
        session.take(answers());
        session.take(List.of(started()));
        clock.advance(Duration.ofDays(-1));

        session.take(List.of());

        assertThat(polls.takeDue(
                        polls.accounts().iterator().next(), clock.instant().plus(Duration.ofHours(1)), false))
                .hasSize(1);
    }

    /** The connection may be suspended for days; when it goes on, those that still wait must not wait for those that have ended. */
    @Test
    void aCommandThatHasEndedDoesNotWaitForAPermitAnyMore() throws LedgerException {
        grant = new CompletableFuture<>();
        session.take(List.of(command()));
        assertThat(journal).endsWith("reserve");
        session.take(List.of());
        assertThat(grant).as("the command waits").isNotDone();

        session.take(
                List.of(command("{\"command\":\"cancel\",\"command_id\":\"c2\",\"target_command_id\":\"c1\"}", 1)));

        assertThat(grant).isCancelled();
    }

    @Test
    void aDecisionThatOverflowsTheStackEndsItsCommandAndNotThePartition() throws LedgerException {
        session.take(List.of(command()));
        fault = new StackOverflowError("a fault of the relay");

        session.take(answers());

        assertThat(session.pending()).as("%s", journal).isZero();
    }

    private MailboxItem command() {
        return command(COMMAND, 0);
    }

    private MailboxItem command(String json, long offset) {
        byte[] value = json.getBytes(StandardCharsets.UTF_8);
        ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>(
                "dbt.commands",
                0,
                offset,
                clock.millis(),
                TimestampType.CREATE_TIME,
                -1,
                value.length,
                null,
                value,
                new RecordHeaders(),
                Optional.empty());
        return new MailboxItem(
                SimCommands.decoder(config).decode(record), new SourceRecord(record, () -> journal.add("acknowledge")));
    }

    private List<MailboxItem> answers() {
        List<MailboxItem> answers = inbox.stream().map(MailboxItem::of).toList();
        assertThat(answers).isNotEmpty();
        inbox.clear();
        return answers;
    }

    private MailboxItem started() {
        return MailboxItem.of(new Input.Started(
                "c1", 1, SampleRun.of(70).createdAt(clock.instant()).build()));
    }

    private Claim claim() throws Exception {
        return SimLedger.claim(
                new SimLedger.Clients() {
                    @Override
                    public Producer<byte[], byte[]> producer(int partition) {
                        return ledger;
                    }

                    @Override
                    public org.apache.kafka.clients.consumer.Consumer<byte[], byte[]> reader(int partition) {
                        return SimLedger.reader(
                                LEDGER,
                                ledger.history().stream()
                                        .filter(record -> record.topic().equals(LEDGER.topic()))
                                        .toList());
                    }

                    @Override
                    public long[] endAndCommitted(int partition) {
                        return new long[] {10, 0};
                    }

                    @Override
                    public String topicId() {
                        return "commands-topic";
                    }

                    @Override
                    public int partitions() {
                        return 1;
                    }
                },
                config,
                clock,
                inbox::add);
    }

    /** Grants each reservation, and sends nothing. */
    private final class JournaledTriggers extends Triggers {
        JournaledTriggers() {
            super(null, switches, RelayTraces.none());
        }

        @Override
        Input.StartReserved reserveAtOnce(Action.ReserveStart action, Reservations reservations) {
            if (!isFree) {
                return null;
            }
            reservations.hold(action.commandId(), permit);
            return new Input.StartReserved(action.commandId(), action.call(), 69L, action.check());
        }

        @Override
        void reserve(Action.ReserveStart action, Reservations reservations, Consumer<Input> answers) {
            journal.add("reserve");
            reservations.await(
                    action.commandId(),
                    grant,
                    () -> answers.accept(
                            new Input.StartReserved(action.commandId(), new StartCall.Trigger(), null, action.check())),
                    failure -> {});
        }

        @Override
        void start(Action.Start action, Permit held, SendWindow window, Consumer<Input> answers) {
            assertThat(held).isSameAs(permit);
            journal.add("start");
        }
    }

    private final class Ledger extends MockProducer<byte[], byte[]> {
        Ledger() {
            super(true, null, new ByteArraySerializer(), new ByteArraySerializer());
        }

        @Override
        public void initTransactions() {
            if (!transactionInitialized()) {
                super.initTransactions();
            }
        }

        @Override
        public synchronized void commitTransaction() {
            super.commitTransaction();
            journal.add("commit");
        }
    }

    private static RelayConfig config() {
        return TestConnections.config(Map.of(
                "relay.name", "flow",
                "relay.connections.default.host", "https://cloud.example",
                "relay.connections.default.account-id", "1",
                "relay.connections.default.token", "dbtc_none"));
    }
}

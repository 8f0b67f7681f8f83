package org.dbtrelay.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.config.SmallRyeConfigBuilder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.dbtrelay.config.Policies;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.event.CheckedEvents;
import org.dbtrelay.ledger.entry.EntryCodec;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.decide.Decision;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.decide.JobQueues;
import org.dbtrelay.run.decide.RunMachine;
import org.dbtrelay.run.event.DeadLetter;
import org.dbtrelay.run.event.DeadLetterReason;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.state.RunEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Whatever bytes come, with whatever headers: they are a command that is accepted, one that is rejected, or a dead letter, and
 * what is told of them can be written and read. {@code -Dodd.seed} and {@code -Dodd.records} show others.
 */
class OddCommandsTest {

    private static final long SEED = Long.getLong("odd.seed", 20261122);
    private static final int RECORDS = Integer.getInteger("odd.records", 20_000);
    private static final Instant NOW = Instant.ofEpochMilli(1_790_000_000_000L);

    private final RelayConfig config = new SmallRyeConfigBuilder()
            .addDiscoveredConverters()
            .withMapping(RelayConfig.class)
            .withDefaultValue("relay.connections.default.host", "https://ab123.us1.dbt.com")
            .withDefaultValue("relay.connections.default.account-id", "1")
            .withDefaultValue("relay.connections.default.token", "a-token-of-the-tests")
            .build()
            .getConfigMapping(RelayConfig.class);
    private final Policy policy = Policies.of(config);
    private final CommandDecoder decoder = new CommandDecoder(config);
    private final Map<Outcome, Integer> outcomes = new EnumMap<>(Outcome.class);

    private enum Outcome {
        ACCEPTED,
        REJECTED,
        DEAD_LETTER
    }

    @Test
    void eachRecordHasExactlyOneOutcome() {
        for (int i = 0; i < RECORDS; i++) {
            long seed = SEED + i;
            ConsumerRecord<byte[], byte[]> record = new OddCommands(seed).next();
            try {
                outcomes.merge(outcome(record), 1, Integer::sum);
            } catch (Exception | AssertionError | StackOverflowError e) {
                throw new AssertionError("-Dodd.seed=" + seed + " -Dodd.records=1: " + shown(record), e);
            }
        }

        if (RECORDS >= 10_000) {
            assertThat(outcomes)
                    .as("all three come often")
                    .allSatisfy((outcome, count) ->
                            assertThat(count).as(outcome.name()).isGreaterThan(RECORDS / 20));
        }
    }

    /** The thread of a channel may have little room, and a reader that goes down with the nesting would need much. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[         | ]",
                "{\"a\":    | }",
                "[{\"a\":[ | ]}]",
                "[         | ``",
                "{\"a\":[  | ``",
            })
    void deepNestingNeedsNoDeepStack(String open, String close) throws InterruptedException {
        assertThat(withLittleRoom(
                        "{\"command\":\"trigger\",\"job_id\":1,\"context\":" + deep(open, close, 40_000) + "}"))
                .isInstanceOf(Input.NotACommand.class);
        assertThat(withLittleRoom("{\"command\":\"trigger\",\"job_id\":1,\"context\":" + deep("[", "]", 99) + "}"))
                .as("what is just not too deep")
                .isInstanceOfSatisfying(
                        Input.CommandReceived.class,
                        commanded -> assertThat(commanded.command()).isInstanceOf(Command.Fit.class));
    }

    @Test
    void aFaultOfTheRelayEndsNoChannel() {
        RecordHeaders headers = new RecordHeaders() {
            @Override
            public Iterator<Header> iterator() {
                throw new IllegalStateException("a fault of the tests");
            }
        };
        ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>(
                "dbt.commands",
                0,
                0,
                0,
                TimestampType.CREATE_TIME,
                0,
                2,
                new byte[0],
                "{}".getBytes(StandardCharsets.UTF_8),
                headers,
                Optional.empty());

        assertThat(decoder.decode(record))
                .isEqualTo(new Input.NotACommand(
                        new DeadLetter(DeadLetterReason.MALFORMED, CommandDecoder.INTERNAL_ERROR)));
    }

    private static String deep(String open, String close, int levels) {
        return open.repeat(levels) + "1" + close.repeat(levels);
    }

    private Object withLittleRoom(String text) throws InterruptedException {
        byte[] value = text.getBytes(StandardCharsets.UTF_8);
        CommandDecoder ofAnySize = new CommandDecoder(10_000_000);
        AtomicReference<Object> answer = new AtomicReference<>();
        Thread thread = new Thread(
                null,
                () -> {
                    try {
                        answer.set(ofAnySize.decode(value, name -> null, "id", NOW));
                    } catch (RuntimeException | StackOverflowError e) {
                        answer.set(e);
                    }
                },
                "little room",
                192 * 1024);
        thread.start();
        thread.join();
        return answer.get();
    }

    private Outcome outcome(ConsumerRecord<byte[], byte[]> record) throws Exception {
        Input.RecordInput input = decoder.decode(record);
        Map<String, RunEntry> entries = new HashMap<>();
        Decision decision = RunMachine.decide(null, input, NOW, policy, new JobQueues(entries));
        decision.events().forEach(CheckedEvents::check);
        if (decision.deadLetter() != null) {
            assertThat(decision.events()).isEmpty();
            assertThat(decision.entry()).isNull();
            assertThat(decision.actions()).isEmpty();
            assertThat(decision.deadLetter().message()).isNotBlank().hasSizeLessThan(1_000);
            assertWritable(decision.deadLetter().message());
            assertThat(decision.deadLetter().message()).doesNotContain("fasterxml", "StreamRead", "Feature.");
            assertThat(decision.deadLetter().message()).isNotEqualTo(CommandDecoder.INTERNAL_ERROR);
            return Outcome.DEAD_LETTER;
        }
        Input.CommandReceived commanded = (Input.CommandReceived) input;
        RunEntry entry = decision.entry();
        assertThat(entry).isNotNull();
        assertThat(EntryCodec.readEntry(EntryCodec.write(entry))).isEqualTo(entry);
        assertThat(RunMachine.decide(entry, input, NOW, policy, new JobQueues(entries)))
                .as("the same again")
                .isEqualTo(Decision.NOTHING);
        assertThat(commanded.command().id().length()).isBetween(1, 128);
        EventType first = decision.events().getFirst().type();
        if (first == EventType.COMMAND_REJECTED) {
            assertThat(decision.events()).hasSize(1);
            assertThat(decision.actions()).isEmpty();
            return Outcome.REJECTED;
        }
        assertThat(first).isEqualTo(EventType.COMMAND_ACCEPTED);
        assertThat(commanded.command()).isInstanceOf(Command.Fit.class);
        assertSameOverHttp(record, commanded);
        return Outcome.ACCEPTED;
    }

    /** What HTTP would put on the topic for it is the same command. */
    private void assertSameOverHttp(ConsumerRecord<byte[], byte[]> record, Input.CommandReceived commanded) {
        CommandHeaders headers = EventHeaders.ofRecord(record.headers());
        String id = commanded.command().id();
        byte[] plain = decoder.plain(record.value(), headers, id);

        assertThat(decoder.decode(plain, name -> null, "another", NOW))
                .isInstanceOfSatisfying(Input.CommandReceived.class, again -> {
                    assertThat(again.command().id()).isEqualTo(id);
                    assertThat(again.command()).isInstanceOfSatisfying(Command.Fit.class, fit -> {
                        assertThat(fit.task()).isEqualTo(((Command.Fit) commanded.command()).task());
                        assertThat(fit.requested()).isEqualTo(((Command.Fit) commanded.command()).requested());
                        assertThat(fit.head().context())
                                .isEqualTo(commanded.command().head().context());
                    });
                });
    }

    private static void assertWritable(String text) {
        assertThat(new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8))
                .isEqualTo(text);
    }

    private static String shown(ConsumerRecord<byte[], byte[]> record) {
        String value = record.value() == null ? "null" : new String(record.value(), StandardCharsets.UTF_8);
        return record.headers() + " " + (value.length() > 2_000 ? value.substring(0, 2_000) + "…" : value);
    }
}

package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.dbtrelay.command.CommandDecoder;
import org.dbtrelay.command.SimCommands;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.testkit.ReceivedEvent;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Records as nobody should send them, by the hundred: each is answered, nothing is in the log, and no partition stands still. */
class OddRecordsIT {

    private static final long JOB = 70403103940001L;
    private static final int RECORDS = 1_200;
    private static final int PARTITIONS = 3;

    /** The broker takes records of 1 MiB in all. */
    private static final int MOST_BYTES = 1_000_000;

    private static RelayStage stage;
    private static Deployment relay;

    private final CommandDecoder decoder = SimCommands.decoder(new SmallRyeConfigBuilder()
            .addDiscoveredConverters()
            .withMapping(RelayConfig.class)
            .build()
            .getConfigMapping(RelayConfig.class));

    @BeforeAll
    static void start() {
        stage = RelayStage.of(
                OddRecordsIT.class,
                World.empty()
                        .account(World.ACCOUNT_ID, "Jaffle Shop")
                        .project("Jaffle Shop")
                        .environment("Production")
                        .job(EmulatedJob.named("quick")
                                .id(JOB)
                                .plan(RunPlan.succeeding().instantly())));
        relay = stage.deployment("odd-records").start();
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    @Test
    void eachIsAnsweredOnceAndNoPartitionStandsStill() {
        List<ConsumerRecord<byte[], byte[]>> sent = new ArrayList<>();
        for (int seed = 0; seed < RECORDS; seed++) {
            ConsumerRecord<byte[], byte[]> odd = SimCommands.odd(seed);
            if (odd.serializedValueSize() < MOST_BYTES) {
                sent.add(send(odd));
            }
        }
        for (int partition = 0; partition < PARTITIONS; partition++) {
            String id = "good-" + partition;
            relay.sendTo(partition, trigger(id, JOB));
        }
        for (int partition = 0; partition < PARTITIONS; partition++) {
            relay.reader().awaitEvent("run.succeeded", "good-" + partition, PATIENCE);
        }

        relay.reader().awaitEnd(PATIENCE);
        Set<String> told = relay.reader().events(event -> event.sequence().orElse(-1) == 0).stream()
                .map(ReceivedEvent::commandId)
                .collect(Collectors.toSet());
        Map<String, List<String>> deadLetters =
                relay.reader().events(event -> event.topic().equals(relay.topic("commands.dlq"))).stream()
                        .collect(Collectors.groupingBy(
                                letter -> letter.header("dlq-partition") + "@" + letter.header("dlq-offset"),
                                Collectors.mapping(letter -> letter.header("dlq-reason"), Collectors.toList())));
        for (ConsumerRecord<byte[], byte[]> record : sent) {
            List<String> verdicts = deadLetters.getOrDefault(record.partition() + "@" + record.offset(), List.of());
            switch (decoder.decode(record)) {
                case Input.NotACommand unreadable ->
                    assertThat(verdicts)
                            .containsExactly(unreadable.verdict().reason().wireName());
                case Input.CommandReceived commanded -> {
                    assertThat(told).contains(commanded.command().id());
                    assertThat(verdicts).isIn(List.of(), List.of("id_conflict"));
                }
            }
        }
        assertThat(deadLetters.size()).isBetween(RECORDS / 20, RECORDS);
        assertThat(told.size()).isGreaterThan(RECORDS / 10);
        assertThat(relay.relay().lines()).noneMatch(line -> line.contains(" ERROR ") || line.contains("Exception"));
        assertThat(relay.relay().isReady()).isTrue();
        assertThat(stage.dbtCloud().runs()).as("only the good ones").hasSize(PARTITIONS);
    }

    /** Sends it, and gives it back with the place that it has got. */
    private static ConsumerRecord<byte[], byte[]> send(ConsumerRecord<byte[], byte[]> odd) {
        RecordMetadata place =
                relay.send(new ProducerRecord<>(relay.topic("commands"), null, odd.key(), odd.value(), odd.headers()));
        return new ConsumerRecord<>(
                place.topic(),
                place.partition(),
                place.offset(),
                place.timestamp(),
                odd.timestampType(),
                odd.serializedKeySize(),
                odd.serializedValueSize(),
                odd.key(),
                odd.value(),
                odd.headers(),
                odd.leaderEpoch());
    }
}

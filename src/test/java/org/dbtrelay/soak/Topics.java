package org.dbtrelay.soak;

import static org.awaitility.Awaitility.await;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.awaitility.core.ConditionTimeoutException;
import org.dbtrelay.it.Deployment;

/** The content of a deployment's topics when all is over. */
final class Topics {

    private final Deployment relay;

    Topics(Deployment relay) {
        this.relay = relay;
    }

    /** Waits until the consumer group has committed all commands; gives the lag if it does not come to that. */
    Optional<String> awaitNoLag(Duration limit) {
        try (Admin admin = relay.clients().admin()) {
            try {
                await().atMost(limit)
                        .pollInterval(Duration.ofSeconds(1))
                        .until(() -> lag(admin).isEmpty());
                return Optional.empty();
            } catch (ConditionTimeoutException e) {
                return Optional.of("the group lags: " + lag(admin));
            }
        }
    }

    /** The records of the topics, committed or not, that have these bytes in their value or a header. */
    List<String> valuesWith(byte[] wanted) {
        var found = new ArrayList<String>();
        String text = new String(wanted, StandardCharsets.ISO_8859_1);
        try (var consumer = consumer()) {
            List<TopicPartition> all = Stream.of(
                            "commands", "run.events", "artifact.events", "commands.dlq", "ledger", "control")
                    .flatMap(suffix -> consumer.partitionsFor(relay.topic(suffix)).stream())
                    .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
                    .toList();
            consumer.assign(all);
            Map<TopicPartition, Long> ends = consumer.endOffsets(all);
            while (all.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
                consumer.poll(Duration.ofMillis(200)).forEach(message -> {
                    if (texts(message).anyMatch(it -> it.contains(text))) {
                        found.add("%s-%d@%d".formatted(message.topic(), message.partition(), message.offset()));
                    }
                });
            }
        }
        return found;
    }

    private static Stream<String> texts(ConsumerRecord<byte[], byte[]> message) {
        return Stream.concat(
                        Stream.of(message.value()),
                        Stream.of(message.headers().toArray()).map(header -> header.value()))
                .filter(bytes -> bytes != null)
                .map(bytes -> new String(bytes, StandardCharsets.ISO_8859_1));
    }

    private KafkaConsumer<byte[], byte[]> consumer() {
        return new KafkaConsumer<>(
                Map.of(
                        ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
                        relay.clients().bootstrapServers(),
                        ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                        "earliest",
                        ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
                        false),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
    }

    /** By partition, where it is not zero. */
    private Map<TopicPartition, Long> lag(Admin admin) {
        try {
            String topic = relay.topic("commands");
            var partitions = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().stream()
                    .map(partition -> new TopicPartition(topic, partition.partition()))
                    .toList();
            var committed = admin.listConsumerGroupOffsets(relay.name())
                    .partitionsToOffsetAndMetadata()
                    .get();
            var ends = admin.listOffsets(partitions.stream()
                            .collect(Collectors.toMap(Function.identity(), partition -> OffsetSpec.latest())))
                    .all()
                    .get();
            return partitions.stream()
                    .collect(Collectors.toMap(
                            Function.identity(),
                            partition -> ends.get(partition).offset()
                                    - (committed.get(partition) == null
                                            ? 0
                                            : committed.get(partition).offset())))
                    .entrySet()
                    .stream()
                    .filter(lag -> lag.getValue() != 0)
                    .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        } catch (ExecutionException e) {
            throw new IllegalStateException("The group's lag is not known", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while asking for the group's lag", e);
        }
    }
}

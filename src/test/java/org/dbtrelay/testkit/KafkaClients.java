package org.dbtrelay.testkit;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Utils;

/** Makes topics and writes records on one broker, wherever that broker runs. Safe for use from several threads. */
public final class KafkaClients implements AutoCloseable {

    private final String bootstrapServers;
    private KafkaProducer<byte[], byte[]> producer;

    public KafkaClients(String bootstrapServers) {
        this.bootstrapServers = bootstrapServers;
    }

    /** The broker that these clients are for. */
    public String bootstrapServers() {
        return bootstrapServers;
    }

    /** A new admin client, for the caller to close. */
    public Admin admin() {
        return Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers));
    }

    /** Creates topics with one replica and deletion by age; those that exist already stay as they are. */
    public void createTopics(int partitions, String... names) {
        for (String name : names) {
            createTopic(name, partitions, Map.of());
        }
    }

    /** Creates a topic with these settings, for example {@code cleanup.policy=compact}; one that exists stays as it is. */
    public void createTopic(String name, int partitions, Map<String, String> settings) {
        try (Admin admin = admin()) {
            var topic = new NewTopic(name, partitions, (short) 1).configs(settings);
            admin.createTopics(List.of(topic)).all().get();
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw new IllegalStateException("Topic " + name + " could not be created", e.getCause());
            }
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    /** Writes a record with text as key and value ({@code null} allowed for both) and waits until it is stored. */
    public RecordMetadata produce(String topic, String key, String value) {
        return produce(new ProducerRecord<>(topic, bytes(key), bytes(value)));
    }

    /** Writes a record, with its headers, partition and time as given, and waits until it is stored. */
    public RecordMetadata produce(ProducerRecord<byte[], byte[]> message) {
        try {
            return producer().send(message).get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("No record could be written to " + message.topic(), e.getCause());
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    /** A key that Kafka's own producer sends to this partition of a topic, the same one each time. */
    public byte[] keyOf(String topic, int partition) {
        int partitions = producer().partitionsFor(topic).size();
        return IntStream.iterate(0, i -> i + 1)
                .mapToObj(i -> bytes("key-" + i))
                .filter(key -> Utils.toPositive(Utils.murmur2(key)) % partitions == partition)
                .findFirst()
                .orElseThrow();
    }

    /** A new producer of bytes with these further settings, for example a {@code transactional.id}; for the caller to close. */
    public KafkaProducer<byte[], byte[]> newProducer(Map<String, Object> settings) {
        var all = new HashMap<String, Object>(settings);
        all.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
        return new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer());
    }

    @Override
    public synchronized void close() {
        if (producer != null) {
            // Nothing is on its way: produce() waits for each record.
            producer.close(Duration.ZERO);
            producer = null;
        }
    }

    private synchronized KafkaProducer<byte[], byte[]> producer() {
        if (producer == null) {
            producer = newProducer(Map.of(ProducerConfig.ACKS_CONFIG, "all"));
        }
        return producer;
    }

    private static byte[] bytes(String text) {
        return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }

    private static IllegalStateException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new IllegalStateException("Interrupted while waiting for the broker", e);
    }
}

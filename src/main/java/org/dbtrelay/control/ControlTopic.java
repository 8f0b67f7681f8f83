package org.dbtrelay.control;

import static org.dbtrelay.metrics.RelayLog.pair;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Provider;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.dbtrelay.ledger.kafka.BroadcastTopic;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.ledger.kafka.TopicCheck;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.jspecify.annotations.Nullable;

/**
 * The small compacted topic that holds what applies to all instances, also after a restart. Every instance reads all of it at its
 * start, before it starts a run. Its keys begin with the deployment's name, so deployments may share one. Without the topic, or
 * without the rights on it, the relay works, and a switch concerns the one instance that was told.
 */
@Singleton
class ControlTopic implements BroadcastTopic.Listener {

    private static final RelayLog LOG = RelayLog.of(ControlTopic.class);
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** It has to hold the connections before the channels bring a command. */
    private static final int BEFORE_THE_CHANNELS = 1;

    private static final int LONGEST_KEY = 200;

    private final String name;
    private final String prefix;
    private final BroadcastTopic topic;
    private final TopicCheck topics;
    private final Provider<Switches> switches;
    private final Provider<Instances> instances;

    /** Why the topic is not used; null: it is, or will be. */
    private volatile @Nullable String absent;

    private volatile boolean read;

    ControlTopic(KafkaSettings kafka, TopicCheck topics, Provider<Switches> switches, Provider<Instances> instances) {
        this.name = kafka.topics().control();
        this.prefix = kafka.deployment() + "/";
        this.topic = new BroadcastTopic(kafka, name, BroadcastTopic.From.START, KafkaSettings::controlProducer, this);
        this.topics = topics;
        this.switches = switches;
        this.instances = instances;
    }

    void onStart(@Observes @Priority(BEFORE_THE_CHANNELS) StartupEvent event) {
        switches.get().awaitKnown();
        Thread.ofVirtual().name("control").start(() -> {
            try {
                // They may only just be being created.
                topics.await();
                topic.start();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    void onStop(@Observes ShutdownEvent event) {
        topic.stop();
    }

    /** Why nobody else can be told and nothing is remembered; empty: the topic is in use. */
    Optional<String> whyAbsent() {
        return Optional.ofNullable(absent);
    }

    /** The topic did not confirm a record; it may be there all the same. */
    static final class NotConfirmed extends Exception {
        private static final long serialVersionUID = 1L;

        NotConfirmed(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * Tells all instances, and waits for Kafka's confirmation, some seconds at most.
     *
     * @param value null: the topic forgets the key
     */
    void write(String key, byte @Nullable [] value) throws NotConfirmed {
        if (!read) {
            throw new NotConfirmed("the relay has not reached the control topic yet", null);
        }
        try {
            topic.send((prefix + key).getBytes(StandardCharsets.UTF_8), value, (metadata, failure) -> {})
                    .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NotConfirmed("the relay stops", e);
        } catch (ExecutionException e) {
            throw new NotConfirmed(
                    String.valueOf(Objects.requireNonNullElse(e.getCause(), e).getMessage()), e);
        } catch (TimeoutException e) {
            throw new NotConfirmed("Kafka did not confirm it within " + PATIENCE.toSeconds() + " s", e);
        } catch (KafkaException e) {
            throw new NotConfirmed(String.valueOf(e.getMessage()), e);
        }
    }

    @Override
    public void received(ConsumerRecord<byte[], byte[]> message) {
        if (message.key() != null && message.key().length <= LONGEST_KEY) {
            String key = new String(message.key(), StandardCharsets.UTF_8);
            if (key.startsWith(prefix + Switches.PREFIX)) {
                switches.get().read(key.substring(prefix.length()), message.value());
            } else if (key.startsWith(prefix + Switches.JOB_PREFIX)) {
                switches.get().readJob(key.substring(prefix.length()), message.value());
            } else if (key.startsWith(prefix + Instances.PREFIX)) {
                Instant at = Instant.ofEpochMilli(message.timestamp());
                instances.get().read(key.substring(prefix.length()), message.value(), at);
            }
        }
    }

    @Override
    public void caughtUp() {
        absent = null;
        read = true;
        switches.get().known();
        instances.get().known();
        LOG.info("The control topic is read", pair(LogKey.TOPIC, name));
    }

    @Override
    public void absent(String reason) {
        absent = reason;
        switches.get().known();
        LOG.warn(
                "There is no control topic: a connection that a person suspends is suspended on one instance only, until its"
                        + " process ends",
                pair(LogKey.TOPIC, name),
                pair(LogKey.REASON, reason));
    }

    @Override
    public void interrupted(String reason) {
        LOG.warn(
                "The control topic cannot be read; trying again",
                pair(LogKey.TOPIC, name),
                pair(LogKey.REASON, reason));
    }
}

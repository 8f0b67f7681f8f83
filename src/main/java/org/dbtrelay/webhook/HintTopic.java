package org.dbtrelay.webhook;

import static org.dbtrelay.metrics.RelayLog.pair;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Provider;
import jakarta.inject.Singleton;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.ledger.kafka.BroadcastTopic;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;

/**
 * The small topic over which instances tell each other to poll a run, read from its end at the instance's start. The next poll makes
 * up for a lost hint, so nothing is retried and nothing waits. No client is opened if no connection has a webhook secret.
 */
@Singleton
class HintTopic implements BroadcastTopic.Listener {

    private static final RelayLog LOG = RelayLog.of(HintTopic.class);

    private final String name;
    private final boolean wanted;
    private final Provider<Hints> hints;
    private final BroadcastTopic topic;

    HintTopic(KafkaSettings kafka, RelayConfig config, Provider<Hints> hints) {
        this.name = config.topics().hints();
        this.wanted = kafka.passesHintsOn();
        this.hints = hints;
        this.topic = new BroadcastTopic(kafka, name, BroadcastTopic.From.END, KafkaSettings::hintProducer, this);
    }

    void onStart(@Observes StartupEvent event) {
        if (wanted) {
            topic.start();
        }
    }

    void onStop(@Observes ShutdownEvent event) {
        topic.stop();
    }

    /** Tells all instances; blocks for ten seconds at most, until the topic is known, and does not wait for an answer. */
    void send(Hint hint) {
        try {
            var _ = topic.send(null, hint.bytes(), (metadata, failure) -> {
                if (failure != null) {
                    LOG.debug("A hint was not passed on; polling finds out", pair(LogKey.REASON, failure));
                }
            });
        } catch (KafkaException e) {
            LOG.debug("A hint was not passed on; polling finds out", pair(LogKey.REASON, e));
        }
    }

    @Override
    public void received(ConsumerRecord<byte[], byte[]> message) {
        Hint.of(message.value()).ifPresent(hints.get()::passedOn);
    }

    @Override
    public void caughtUp() {
        LOG.debug("Hints of other instances arrive", pair(LogKey.TOPIC, name));
    }

    @Override
    public void absent(String reason) {
        complain(reason);
    }

    @Override
    public void interrupted(String reason) {
        complain(reason);
    }

    private void complain(String reason) {
        LOG.warn(
                "Webhooks for runs of other instances cannot be passed on; they are polled as usual",
                pair(LogKey.TOPIC, name),
                pair(LogKey.REASON, reason));
    }
}

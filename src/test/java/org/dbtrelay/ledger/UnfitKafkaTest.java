package org.dbtrelay.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.ledger.kafka.KafkaChecksTest;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.ledger.kafka.TopicCheck;
import org.junit.jupiter.api.Test;

/** A service that speaks Kafka's protocol, and lacks something that the relay cannot do without: the line says so. */
class UnfitKafkaTest {

    @Test
    void withoutTransactionsNothingIsClaimed() {
        MockProducer<byte[], byte[]> producer =
                new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());
        producer.initTransactionException =
                new UnsupportedVersionException("The node does not support INIT_PRODUCER_ID");
        KafkaSettings kafka = new KafkaSettings(Map.of(), KafkaChecksTest.config()) {
            @Override
            public Producer<byte[], byte[]> producer(int partition) {
                return producer;
            }
        };

        assertThatThrownBy(() -> Claim.take(new LedgerReader(kafka, 0, null), "topic", null, new Refusals(), input -> {}))
                .isInstanceOf(LedgerException.class)
                .hasMessage("this Kafka has no transactions, without which the relay does not work; "
                        + "docs/kafka.md tells of services");
        assertThat(producer.closed()).isTrue();
    }

    @Test
    void aRequestThatItDoesNotKnowIsNoSilence() {
        assertThat(TopicCheck.whyNothingIsKnown(
                        new UnsupportedVersionException("The broker does not support DESCRIBE_CONFIGS")))
                .isEqualTo("this Kafka does not know what the relay has to ask "
                        + "(The broker does not support DESCRIBE_CONFIGS); docs/kafka.md tells what it needs");
        assertThat(TopicCheck.whyNothingIsKnown(new TimeoutException("late"))).isEqualTo("Kafka does not answer: late");
    }
}

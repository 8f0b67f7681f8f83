package org.dbtrelay.ledger;

import io.smallrye.common.annotation.Identifier;
import io.smallrye.reactive.messaging.kafka.KafkaConsumerRebalanceListener;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Collection;
import java.util.List;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;

/**
 * Hears from the consumer group which partitions are ours. A partition that was lost without a rebalance is reported as
 * revoked too, as SmallRye has it.
 */
@ApplicationScoped
@Identifier("commands.partitions")
public class PartitionListener implements KafkaConsumerRebalanceListener {

    private final Owners owners;

    PartitionListener(Owners owners) {
        this.owners = owners;
    }

    @Override
    public void onPartitionsAssigned(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        // SmallRye commits offsets before it tells of a revocation. If the commit fails, as for an instance that wakes up
        // outside the group, SmallRye tells nothing; this is the next occasion to notice the loss.
        owners.keepOnly(numbers(consumer.assignment()));
        owners.assigned(numbers(partitions));
    }

    @Override
    public void onPartitionsRevoked(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        owners.revoked(numbers(partitions));
    }

    private static List<Integer> numbers(Collection<TopicPartition> partitions) {
        return partitions.stream().map(TopicPartition::partition).toList();
    }
}

package org.dbtrelay.ledger;

import jakarta.inject.Singleton;
import java.util.Comparator;
import java.util.TreeMap;
import org.dbtrelay.ledger.intake.IntakeValve;
import org.dbtrelay.ledger.kafka.TopicCheck;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/** Readiness: up if the topics have no fault and every partition of this instance is claimed and read. */
@Readiness
@Singleton
class PartitionReadiness implements HealthCheck {

    private final TopicCheck topics;
    private final Owners owners;
    private final IntakeValve valve;
    private final CommandsLogNotices notices;

    PartitionReadiness(TopicCheck topics, Owners owners, IntakeValve valve, CommandsLogNotices notices) {
        this.topics = topics;
        this.owners = owners;
        this.valve = valve;
        this.notices = notices;
    }

    @Override
    public HealthCheckResponse call() {
        HealthCheckResponseBuilder answer = HealthCheckResponse.named("partitions");
        TopicCheck.Status status = topics.status();
        if (!status.isFine()) {
            return answer.down()
                    .withData("topics", String.join("; ", status.faults()))
                    .withData("since", status.since().toString())
                    .build();
        }
        if (!owners.hasBeenAssigned()) {
            return answer.down()
                    .withData("group", "the consumer group has not given this instance its part yet")
                    .build();
        }
        boolean serving = true;
        for (OwnerStatus owner : owners.status().stream()
                .sorted(Comparator.comparingInt(OwnerStatus::partition))
                .toList()) {
            if (owner.phase() != OwnerStatus.Phase.SERVING) {
                serving = false;
                answer.withData(
                        "partition " + owner.partition(),
                        owner.phase() + " since " + owner.since() + " " + owner.detail());
            }
        }
        new TreeMap<>(valve.paused()).forEach((partition, reason) -> answer.withData("paused " + partition, reason));
        notices.details().forEach(answer::withData);
        return answer.status(serving)
                .withData("unfinished", valve.unfinished())
                .withData("owned", owners.status().size())
                .withData("of", status.partitions())
                .build();
    }
}

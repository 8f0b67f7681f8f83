package org.dbtrelay.api;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The instances of the deployment, over HTTP.
 *
 * @param data the instance that answers first
 * @param incomplete as in {@link CommandPage}
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record InstancePage(List<InstanceState> data, List<String> incomplete) {

    /**
     * An instance.
     *
     * @param id new at each start
     * @param url where the others reach it; null: it does not say
     * @param answers whether it is the one that gave this answer
     * @param unfinished the commands of its partitions that have not ended
     * @param connections what it may ask of dbt Cloud
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record InstanceState(
            String id,
            @Nullable String url,
            boolean answers,
            String version,
            Instant startedAt,
            int unfinished,
            List<PartitionState> partitions,
            List<BudgetState> connections) {

        InstanceState ofAnother() {
            return new InstanceState(id, url, false, version, startedAt, unfinished, partitions, connections);
        }
    }

    /**
     * A partition of the commands topic.
     *
     * @param phase waiting_for_topics, claiming, serving, between_claims, degraded or stopped
     * @param since of the phase
     * @param detail why it is not serving; null if it is
     * @param paused why its further commands wait in Kafka; null: they do not
     * @param lag records that the instance has not fetched yet, as of some seconds ago; null: not known yet
     * @param unfinished its commands that have not ended
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record PartitionState(
            int partition,
            String phase,
            Instant since,
            @Nullable String detail,
            @Nullable String paused,
            @Nullable Long lag,
            int unfinished) {}

    /**
     * An instance's part of the request budget of a connection's account.
     *
     * @param name of the connection
     * @param requestsPerMinute the part
     * @param requestsUsed in the last minute
     * @param requestsWaiting for their turn
     * @param coolingDownUntil until when dbt Cloud limits the account; null: it does not
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record BudgetState(
            String name,
            int requestsPerMinute,
            int requestsUsed,
            int requestsWaiting,
            @Nullable Instant coolingDownUntil) {}
}

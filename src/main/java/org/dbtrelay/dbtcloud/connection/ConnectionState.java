package org.dbtrelay.dbtcloud.connection;

import java.net.URI;
import java.time.Instant;
import java.util.List;
import org.dbtrelay.dbtcloud.budget.ManualSuspension.Switched;
import org.jspecify.annotations.Nullable;

/**
 * How a connection stands, without its token.
 *
 * @param suspended since when a person has suspended it, and who; null if nobody has
 * @param refused the accounts that dbt Cloud refuses over it, so that nothing is started there until it answers well
 * @param coolingDownUntil until when the connection's own account is shut out after too many requests; null if it is not
 */
public record ConnectionState(
        String name,
        URI host,
        long accountId,
        @Nullable Switched suspended,
        List<Refused> refused,
        @Nullable Instant coolingDownUntil) {

    /** An account that dbt Cloud refuses, and its words. */
    public record Refused(long accountId, Instant since, String detail) {}

    /** Copies the list. */
    public ConnectionState {
        refused = List.copyOf(refused);
    }

    /** The state of this moment. */
    public static ConnectionState of(DbtCloudClient client) {
        return new ConnectionState(
                client.name(),
                client.host(),
                client.defaultAccountId(),
                client.manualSuspension().switched().orElse(null),
                client.calls().suspended().entrySet().stream()
                        .map(entry -> new Refused(
                                entry.getKey(),
                                entry.getValue().since(),
                                entry.getValue().detail()))
                        .toList(),
                client.calls()
                        .budget(client.defaultAccountId())
                        .coolingDownUntil()
                        .orElse(null));
    }
}

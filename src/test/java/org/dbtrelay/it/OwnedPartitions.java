package org.dbtrelay.it;

import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import org.dbtrelay.testkit.RelayProcess;

/** How many partitions an instance owns, by what it says of itself. */
public final class OwnedPartitions {

    private static final ObjectMapper JSON = new ObjectMapper();

    private OwnedPartitions() {}

    /** 0 as long as it does not say. */
    public static int of(RelayProcess process) {
        try {
            JsonNode checks = JSON.readTree(process.ask(process.managementUrl().resolve("/q/health/ready"))
                            .body())
                    .path("checks");
            for (JsonNode check : checks) {
                if (check.path("name").asText().equals("partitions")) {
                    return check.path("data").path("owned").asInt();
                }
            }
            return 0;
        } catch (IOException e) {
            // As a process that is still starting.
            return 0;
        }
    }

    /** Waits until two instances share so many partitions, and both serve theirs. */
    static void awaitShared(RelayProcess one, RelayProcess other, int partitions) {
        await().atMost(PATIENCE)
                .until(() -> of(one) > 0
                        && of(other) > 0
                        && of(one) + of(other) == partitions
                        && one.isReady()
                        && other.isReady());
    }
}

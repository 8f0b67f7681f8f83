package org.dbtrelay.dbtcloud;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.dbtrelay.emulator.DbtCloudEmulator;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/** A dbt Cloud that behaves, and a client to it; both go by one clock that the test turns. */
@Timeout(120)
abstract class AgainstEmulator {

    final HandTurnedClock clock = HandTurnedClock.at("2026-11-22T10:00:00Z");
    final PatientClock monotonic = new PatientClock(clock);
    DbtCloudEmulator emulator;
    Connections connections;
    DbtCloudClient client;
    long account;
    long job;

    /** How many requests may be on the wire at once. */
    int slots() {
        return 8;
    }

    @BeforeEach
    void startEmulator() {
        emulator = DbtCloudEmulator.builder().clock(clock).start();
        account = emulator.accountId();
        job = emulator.world().jobNamed("Slow build").id();
        Map<String, String> settings = new HashMap<>(Map.of(
                "account-id", String.valueOf(account),
                "read-timeout", "10s",
                "max-concurrent-requests", Integer.toString(slots())));
        settings.put("token", emulator.token());
        connections = TestConnections.to(emulator.baseUrl(), clock, monotonic, settings);
        client = connections.find("default").orElseThrow();
    }

    @AfterEach
    void stopEmulator() {
        connections.close();
        emulator.close();
    }

    /** Ids of runs that do not end; all but one of them are queued. */
    List<Long> inFlight(int count) {
        List<Long> ids = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            emulator.planNextRun(job, RunPlan.unending());
            ids.add(emulator.triggerByOther(job, "run " + i).id());
        }
        return ids;
    }

    long lists() {
        return emulator.count(Endpoint.LIST_RUNS);
    }

    long gets() {
        return emulator.count(Endpoint.GET_RUN);
    }
}

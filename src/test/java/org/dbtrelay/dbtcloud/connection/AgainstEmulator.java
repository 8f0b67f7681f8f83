package org.dbtrelay.dbtcloud.connection;

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
public abstract class AgainstEmulator {

    public final HandTurnedClock clock = HandTurnedClock.at("2026-11-22T10:00:00Z");
    public final PatientClock monotonic = new PatientClock(clock);
    public DbtCloudEmulator emulator;
    public Connections connections;
    public DbtCloudClient client;
    public long account;
    public long job;

    /** How many requests may be on the wire at once. */
    public int slots() {
        return 8;
    }

    @BeforeEach
    public void startEmulator() {
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
    public void stopEmulator() {
        connections.close();
        emulator.close();
    }

    /** Ids of runs that do not end; all but one of them are queued. */
    public List<Long> inFlight(int count) {
        List<Long> ids = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            emulator.planNextRun(job, RunPlan.unending());
            ids.add(emulator.triggerByOther(job, "run " + i).id());
        }
        return ids;
    }

    public long lists() {
        return emulator.count(Endpoint.LIST_RUNS);
    }

    public long gets() {
        return emulator.count(Endpoint.GET_RUN);
    }
}

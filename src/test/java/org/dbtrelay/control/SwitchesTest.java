package org.dbtrelay.control;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.budget.JobSwitches;
import org.dbtrelay.dbtcloud.budget.ManualSuspension.Switched;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.ledger.kafka.TopicCheck;
import org.dbtrelay.run.job.JobOfConnection;
import org.dbtrelay.testkit.HandTurnedClock;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A person's switch, as it comes from the topic and as it goes there. */
class SwitchesTest {

    private static final Instant NOW = Instant.parse("2026-11-29T10:00:00Z");

    private final HandTurnedClock clock = HandTurnedClock.at(NOW.toString());
    private final RelayConfig config = TestConnections.config(Map.of(
            "relay.connections.default.host",
            "https://example.com",
            "relay.connections.default.account-id",
            "1",
            "relay.connections.default.token",
            TestConnections.TOKEN));
    private final Connections connections = TestConnections.silent(config, clock);
    private final DbtCloudClient client = connections.named("default");
    private final Map<String, byte[]> written = new LinkedHashMap<>();
    private final AtomicReference<@Nullable String> absent = new AtomicReference<>();
    private boolean confirmed = true;
    private final JobSwitches jobs = new JobSwitches();
    private int changes;
    private Switches switches;

    @BeforeEach
    void make() {
        var kafka = new KafkaSettings(Map.of(), config);
        switches = new Switches(
                connections,
                jobs,
                () -> changes++,
                new ControlTopic(kafka, new TopicCheck(kafka, clock), () -> switches, () -> null) {
                    @Override
                    void write(String key, byte @Nullable [] value) throws NotConfirmed {
                        if (!confirmed) {
                            throw new NotConfirmed("no broker", null);
                        }
                        written.put(key, value);
                    }

                    @Override
                    Optional<String> whyAbsent() {
                        return Optional.ofNullable(absent.get());
                    }
                },
                clock);
    }

    @Test
    void nothingIsStartedUntilTheTopicIsRead() {
        switches.awaitKnown();
        assertThat(mayStart()).isFalse();
        assertThat(client.manualSuspension().switched()).as("no person has").isEmpty();

        switches.known();
        assertThat(mayStart()).isTrue();
    }

    @Test
    void holdsWhatTheTopicSaysAtTheEnd() {
        switches.awaitKnown();
        switches.read("suspension/default", "{\"version\": 1, \"since\": \"2026-11-28T10:00:00Z\"}".getBytes(UTF_8));
        switches.read("suspension/default", null);
        switches.read(
                "suspension/default",
                "{\"version\": 1, \"since\": \"2026-11-29T09:00:00Z\", \"by\": \"ops\", \"reason\": \"why\", \"new\": 1}"
                        .getBytes(UTF_8));
        switches.read("suspension/gone", "{\"version\": 1, \"since\": \"2026-11-28T10:00:00Z\"}".getBytes(UTF_8));
        switches.known();

        assertThat(mayStart()).isFalse();
        assertThat(client.manualSuspension().switched())
                .contains(new Switched(Instant.parse("2026-11-29T09:00:00Z"), "ops", "why"));

        switches.read("suspension/default", null);
        assertThat(mayStart()).isTrue();
        assertThat(client.manualSuspension().switched()).isEmpty();
    }

    @Test
    void aRecordThatCannotBeReadSuspends() {
        switches.read("suspension/default", "{".getBytes(UTF_8));
        switches.known();

        assertThat(mayStart()).isFalse();
        assertThat(client.manualSuspension().switched())
                .get()
                .extracting(Switched::reason)
                .asString()
                .contains("record");
    }

    @Test
    void writesWhatItReads() throws Exception {
        switches.known();
        switches.suspend(client, "ops", "a \"deploy\"");

        assertThat(mayStart()).isFalse();
        assertThat(written).containsOnlyKeys("suspension/default");
        byte[] record = written.get("suspension/default");
        switches.resume(client, "ops");
        assertThat(mayStart()).isTrue();
        assertThat(written).containsEntry("suspension/default", null);

        switches.read("suspension/default", record);
        assertThat(client.manualSuspension().switched()).contains(new Switched(NOW, "ops", "a \"deploy\""));
    }

    @Test
    void stopsAtOnceAlsoIfOthersAreNotToldAndGoesOnOnlyIfTheyAre() {
        switches.known();
        confirmed = false;

        assertThatThrownBy(() -> switches.suspend(client, null, null))
                .isInstanceOf(Switches.NotTold.class)
                .hasMessage("no broker");
        assertThat(mayStart()).isFalse();
        assertThatThrownBy(() -> switches.resume(client, null)).isInstanceOf(Switches.NotTold.class);
        assertThat(mayStart()).isFalse();
    }

    @Test
    void withoutATopicASwitchIsOfThisInstance() throws Exception {
        absent.set("topic 'dbt.relay.control' does not exist");
        switches.awaitKnown();
        switches.suspend(client, null, null);
        switches.known();

        assertThat(mayStart())
                .as("a switch of before the topic was known to be absent")
                .isFalse();
        assertThat(switches.whyHereOnly()).contains("topic 'dbt.relay.control' does not exist");
        switches.resume(client, null);
        assertThat(mayStart()).isTrue();
        assertThat(written).isEmpty();
    }

    @Test
    void aJobIsSuspendedAloneByARecordOfItsOwn() throws Exception {
        JobOfConnection job = new JobOfConnection("default", 559062);
        switches.known();
        switches.suspend(job, "ops", "its table moves");

        assertThat(jobs.all()).containsExactly(Map.entry(job, new Switched(NOW, "ops", "its table moves")));
        assertThat(mayStart()).as("other jobs go on").isTrue();
        assertThat(written).containsOnlyKeys("job-suspension/default/559062");
        assertThat(changes).isEqualTo(1);
        byte[] record = written.get("job-suspension/default/559062");
        switches.resume(job, "ops");
        assertThat(jobs.all()).isEmpty();
        assertThat(written).containsEntry("job-suspension/default/559062", null);

        switches.readJob("job-suspension/default/559062", record);
        assertThat(jobs.all()).containsExactly(Map.entry(job, new Switched(NOW, "ops", "its table moves")));
        switches.readJob("job-suspension/default/559062", null);
        assertThat(jobs.all()).isEmpty();
        assertThat(changes).isEqualTo(4);
    }

    @Test
    void aRecordAboutAJobThatCannotBeReadSuspendsIt() {
        switches.readJob("job-suspension/a/b/7", "{".getBytes(UTF_8));
        switches.readJob("job-suspension/odd", "{".getBytes(UTF_8));

        assertThat(jobs.all()).containsOnlyKeys(new JobOfConnection("a/b", 7));
    }

    @Test
    void aJobStopsAtOnceAlsoIfOthersAreNotTold() {
        JobOfConnection job = new JobOfConnection("default", 7);
        confirmed = false;

        assertThatThrownBy(() -> switches.suspend(job, null, null)).isInstanceOf(Switches.NotTold.class);
        assertThat(jobs.all()).containsOnlyKeys(job);
        assertThatThrownBy(() -> switches.resume(job, null)).isInstanceOf(Switches.NotTold.class);
        assertThat(jobs.all()).containsOnlyKeys(job);
    }

    private boolean mayStart() {
        return client.manualSuspension().guard(() -> true).getAsBoolean();
    }
}

package org.dbtrelay.watch;

import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.mutiny.Uni;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.Policies;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.connection.SimConnections;
import org.dbtrelay.flow.PollSchedule;
import org.dbtrelay.ledger.SimLedger;
import org.dbtrelay.metrics.SimMetrics;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.Test;

class SweepTest {

    private static final int ACCOUNTS = 3;

    private final HandTurnedClock clock = HandTurnedClock.at("2026-11-22T10:00:00Z");
    private final Time time = new Time();
    private final CountDownLatch asked = new CountDownLatch(ACCOUNTS);

    private static final class Time extends Monotonic {

        private final AtomicLong nanos = new AtomicLong();

        void advance(Duration by) {
            nanos.addAndGet(by.toNanos());
        }

        @Override
        public long nanos() {
            return nanos.get();
        }
    }

    @Test
    void anAccountThatDoesNotAnswerHoldsUpTheSweepOfNoOther() throws InterruptedException {
        Sweep sweep = sweepOfAccountsThatNeverAnswer();
        time.advance(Duration.ofMinutes(6));

        Thread.startVirtualThread(sweep::tick);

        assertThat(asked.await(20, TimeUnit.SECONDS))
                .as("all are asked while none answers; not asked: %d", asked.getCount())
                .isTrue();
    }

    @Test
    void aClockThatIsSetBackHoldsUpNoSweep() throws InterruptedException {
        Sweep sweep = sweepOfAccountsThatNeverAnswer();
        clock.advance(Duration.ofDays(-1));
        time.advance(Duration.ofMinutes(6));

        sweep.tick();

        assertThat(asked.await(20, TimeUnit.SECONDS))
                .as("not asked: %d", asked.getCount())
                .isTrue();
    }

    private Sweep sweepOfAccountsThatNeverAnswer() {
        Map<String, String> properties = new HashMap<>();
        for (int account = 1; account <= ACCOUNTS; account++) {
            String prefix = "relay.connections.of-" + account + '.';
            properties.put(prefix + "host", "https://of-" + account + ".example.com");
            properties.put(prefix + "account-id", Integer.toString(account));
            properties.put(prefix + "token", "dbtc_secret-token-1234567890");
        }
        RelayConfig config = new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .withMapping(RelayConfig.class)
                .withSources(new PropertiesConfigSource(properties, "test", 1000))
                .build()
                .getConfigMapping(RelayConfig.class);
        SimConnections.Api silent = (SimConnections.Api) Proxy.newProxyInstance(
                SweepTest.class.getClassLoader(),
                new Class<?>[] {SimConnections.Api.class},
                (proxy, method, arguments) -> {
                    asked.countDown();
                    return Uni.createFrom().nothing();
                });
        return new Sweep(
                SimLedger.ownersThatDropAll(),
                new PollSchedule(),
                new SimConnections(config, silent, clock, new Monotonic(), SimMetrics.none()).connections(),
                Policies.of(config),
                config,
                clock,
                time);
    }
}

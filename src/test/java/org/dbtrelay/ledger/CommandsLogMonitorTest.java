package org.dbtrelay.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.ledger.kafka.TopicCheck;
import org.junit.jupiter.api.Test;

class CommandsLogMonitorTest {

    private final CountDownLatch checks = new CountDownLatch(3);

    private final TopicCheck topics =
            new TopicCheck(new KafkaSettings(Map.of(), TestConnections.config(Map.of())), Clock.systemUTC()) {
                @Override
                public String checkCommands() {
                    checks.countDown();
                    throw new StackOverflowError("a fault of the relay");
                }
            };

    private static final class Hurried extends Monotonic {
        @Override
        public void pause(Duration time) throws InterruptedException {
            super.pause(Duration.ofMillis(1));
        }
    }

    @Test
    void aCheckThatFailsIsNotTheLastOne() throws InterruptedException {
        CommandsLogMonitor monitor = new CommandsLogMonitor(topics, SimLedger.ownersThatDropAll(), new Hurried());
        monitor.onStart(new StartupEvent());
        try {
            assertThat(checks.await(20, TimeUnit.SECONDS)).isTrue();
        } finally {
            monitor.onShutdown(new ShutdownEvent());
        }
    }
}

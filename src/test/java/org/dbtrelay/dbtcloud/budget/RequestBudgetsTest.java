package org.dbtrelay.dbtcloud.budget;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.junit.jupiter.api.Test;

/** Requests over HTTP may name any account. */
class RequestBudgetsTest {

    private static final RelayConfig.Connection SETTINGS =
            TestConnections.settings("http://127.0.0.1:1", Map.of("requests-per-minute", "600"));
    private static final long ALLOWED = 9_000_001;
    private static final long COOLING_DOWN = 9_000_002;
    private static final long IN_USE = 9_000_003;

    private final HandTurned time = new HandTurned();
    private final RequestBudgets budgets = new RequestBudgets(Clock.systemUTC(), time);

    @Test
    void accountsThatSomebodyHasNamedOnceLeaveNothingBehind() {
        budgets.register(SETTINGS, Set.of(SETTINGS.accountId(), ALLOWED));
        RequestBudget own = budgets.of(SETTINGS, SETTINGS.accountId());
        RequestBudget allowed = budgets.of(SETTINGS, ALLOWED);
        RequestBudget coolingDown = budgets.of(SETTINGS, COOLING_DOWN);
        coolingDown.coolDown(Duration.ofDays(1));
        RequestBudget inUse = budgets.of(SETTINGS, IN_USE);
        RequestBudget.Permit held = inUse.reserve(Priority.READ).join();

        for (long account = 1_000; account < 11_000; account++) {
            budgets.of(SETTINGS, account).reserve(Priority.READ).join().close();
            time.pass(Duration.ofMillis(10));
        }

        assertThat(budgets.size()).isLessThan(300);
        assertThat(budgets.of(SETTINGS, SETTINGS.accountId())).isSameAs(own);
        assertThat(budgets.of(SETTINGS, ALLOWED)).isSameAs(allowed);
        assertThat(budgets.of(SETTINGS, COOLING_DOWN)).isSameAs(coolingDown);
        assertThat(budgets.of(SETTINGS, IN_USE)).isSameAs(inUse);
        held.close();
    }

    @Test
    void nobodyGetsMoreThanTheRateBecauseABudgetIsForgotten() {
        RequestBudget spent = budgets.of(SETTINGS, IN_USE);
        while (spent.level().left() > 0) {
            spent.reserve(Priority.READ).join().close();
        }

        for (long account = 1_000; account < 2_000; account++) {
            budgets.of(SETTINGS, account);
        }

        assertThat(budgets.of(SETTINGS, IN_USE).level().left()).isZero();
    }

    /** Time passes when the test says so. */
    private static final class HandTurned extends Monotonic {
        private final AtomicLong passed = new AtomicLong();

        void pass(Duration time) {
            passed.addAndGet(time.toNanos());
        }

        @Override
        public long nanos() {
            return passed.get();
        }

        @Override
        public void after(Duration delay, Runnable task) {}
    }
}

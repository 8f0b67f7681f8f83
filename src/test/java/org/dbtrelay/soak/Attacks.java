package org.dbtrelay.soak;

import static org.awaitility.Awaitility.await;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import org.dbtrelay.emulator.DbtCloudEmulator;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.testkit.ForkedKafka;

/**
 * Carries attacks out. What an attack leaves to be done (a restart, a thaw) is done when its time has come, while others go on,
 * so that attacks overlap. Used by one thread.
 */
final class Attacks {

    /** The session of the instances' consumers: the shortest that brokers allow unless told otherwise. */
    static final Duration SESSION = Duration.ofSeconds(6);

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private record Due(Instant at, Runnable what) {}

    private final Fleet fleet;
    private final ForkedKafka kafka;
    private final DbtCloudEmulator dbtCloud;
    private final Random random;
    private final Deck deck;
    private final PriorityQueue<Due> due = new PriorityQueue<>(Comparator.comparing(Due::at));
    private final Map<Attack, Integer> done = new EnumMap<>(Attack.class);
    private boolean brokerIsWell = true;

    Attacks(Fleet fleet, ForkedKafka kafka, DbtCloudEmulator dbtCloud, Random random) {
        this.fleet = fleet;
        this.kafka = kafka;
        this.dbtCloud = dbtCloud;
        this.random = random;
        this.deck = new Deck(random);
    }

    /** Carries out the next attack of the plan; gives what it was. */
    Attack next() {
        Attack attack = deck.next();
        switch (attack) {
            case KILL -> kill(fleet.oneUpright(random), millis(0, 5000));
            case KILL_ALL -> {
                Duration away = millis(0, 3000);
                fleet.upright().forEach(index -> kill(index, away));
            }
            case FREEZE -> freeze(SESSION.plus(millis(2000, 6000)), true);
            case SHORT_FREEZE -> freeze(millis(500, 4000), false);
            case ROLLING_RESTART -> rollingRestart();
            case SCALE_DOWN_AND_UP -> scaleDownAndUp();
            case FREEZE_BROKER -> attackBroker(kafka::pause, millis(2000, 14_000), kafka::resume);
            case KILL_BROKER -> attackBroker(kafka::kill, millis(0, 6000), kafka::start);
            case LOCK_OUT -> dbtCloud.faults().next(1).tooManyRequests(Duration.ofSeconds(3), "3");
            case SLOW_API -> dbtCloud.faults().during(millis(4000, 10_000)).answerLateAfterCreating(millis(500, 2500));
        }
        done.merge(attack, 1, Integer::sum);
        return attack;
    }

    /** Does what is due. */
    void tick() {
        fleet.look();
        while (!due.isEmpty() && !due.peek().at().isAfter(now())) {
            due.remove().what().run();
        }
    }

    /** Lets all that was begun come to its end, and starts what is not there. */
    void finish() {
        while (!due.isEmpty()) {
            Pause.of(Duration.ofMillis(100));
            tick();
        }
        fleet.launchAll();
    }

    /** Whether each kind of attack has been carried out. */
    boolean hasShownAll() {
        return done.size() == Attack.values().length;
    }

    int count(Attack attack) {
        return done.getOrDefault(attack, 0);
    }

    private void kill(int index, Duration away) {
        if (index < 0) {
            return;
        }
        fleet.kill(index);
        later(away, () -> fleet.launch(index));
    }

    private void freeze(Duration time, boolean isLong) {
        int index = fleet.oneUpright(random);
        if (index < 0) {
            return;
        }
        fleet.freeze(index, isLong);
        later(time, () -> fleet.thaw(index));
    }

    private void attackBroker(Runnable begin, Duration time, Runnable end) {
        awaitBroker();
        brokerIsWell = false;
        begin.run();
        later(time, () -> {
            end.run();
            brokerIsWell = true;
        });
    }

    private void rollingRestart() {
        finish();
        for (int index = 0; index < fleet.size(); index++) {
            fleet.awaitReady(index, PATIENCE);
        }
        var slow = dbtCloud.faults().always().on(Endpoint.TRIGGER).answerLateAfterCreating(Duration.ofSeconds(3));
        Pause.of(Duration.ofSeconds(2));
        for (int index = 0; index < fleet.size(); index++) {
            fleet.stop(index);
            fleet.launch(index);
            fleet.awaitReady(index, PATIENCE);
        }
        slow.remove();
    }

    private void scaleDownAndUp() {
        finish();
        int stays = random.nextInt(fleet.size());
        for (int i = 1; i < fleet.size(); i++) {
            int index = (stays + i) % fleet.size();
            if (i == 1) {
                fleet.stop(index);
            } else {
                fleet.kill(index);
            }
            later(SESSION.plus(millis(2000, 6000)), () -> fleet.launch(index));
        }
    }

    private void awaitBroker() {
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(100)).until(() -> {
            tick();
            return brokerIsWell;
        });
    }

    private void later(Duration time, Runnable what) {
        due.add(new Due(now().plus(time), what));
    }

    private Duration millis(int least, int most) {
        return Duration.ofMillis(least + random.nextInt(most - least));
    }

    private static Instant now() {
        return Clock.systemUTC().instant();
    }
}

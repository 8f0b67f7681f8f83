package org.dbtrelay.sim;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.dbtrelay.ledger.placement.Placement;
import org.dbtrelay.sim.SimBroker.SimLog;

/** The producers of commands: what they put on the topic, and what has to become of it. */
final class Orders {

    private static final long SECOND = 1_000_000_000;

    private final World world;
    private final Wording wording;
    private final SplittableRandom random;

    /** Of its own, so that the same commands come whoever sends them. */
    private final SplittableRandom clients;

    private final List<String> keys;
    private final List<Order> all = new ArrayList<>();
    private final Map<String, String> contentOfId = new HashMap<>();
    private int toCome;

    Orders(World world, Plan plan) {
        this.world = world;
        this.random = new SplittableRandom(plan.seed() * 29 + 2);
        this.clients = new SplittableRandom(plan.seed() * 43 + 5);
        this.keys = keys(plan.partitions());
        this.wording = new Wording(world, random);
        for (int number = 0; number < plan.commands(); number++) {
            int name = number;
            later(random.nextLong(25 * SECOND), () -> send(name));
        }
        if (plan.coalesces()) {
            SplittableRandom bursts = new SplittableRandom(plan.seed() * 61 + 8);
            for (int number = 0; number < 1 + bursts.nextInt(2); number++) {
                burst("burst-" + number, bursts.split());
            }
        }
    }

    /** Several that want the same run, most of them within seconds; some are cancelled, at whatever time. */
    private void burst(String name, SplittableRandom own) {
        int partition = own.nextInt(world.plan().partitions());
        long begin = own.nextLong(25 * SECOND);
        int job = 1 + own.nextInt(2);
        String named = "\"project_name\":\"P\",\"environment_name\":\"E\",\"job_name\":\"J" + job + "\"";
        String shared = wording.burst(own);
        int count = 2 + own.nextInt(5);
        for (int i = 0; i < count; i++) {
            String id = name + "-" + i;
            String whichJob = own.nextInt(10) == 0 ? named : "\"job_id\":" + job;
            long at = begin + own.nextLong(own.nextInt(5) == 0 ? 60 * SECOND : 8 * SECOND);
            later(at, () -> put(partition, partition, id, "trigger", whichJob + shared + wording.ofItsOwn(own)));
            if (own.nextInt(4) == 0) {
                String cancel = "\"target_command_id\":\"" + id + "\"";
                later(at + own.nextLong(40 * SECOND), () -> put(partition, partition, "stop-" + id, "cancel", cancel));
            }
        }
    }

    /** What has to become of a record. */
    enum Fate {
        ONE_OUTCOME,
        NOTHING,
        /** Its partition is not served. */
        HELD,
        DEAD_LETTER
    }

    /**
     * A record of the commands topic.
     *
     * @param partition the one of its key; -1: it has none
     * @param lies the partition on which its producer has put it
     * @param id the command's
     * @param reason of its dead letter
     * @param text all that it says
     */
    record Order(int partition, int lies, long offset, String id, Fate fate, String reason, String text) {
        /** Where it lies, as dead letters name it. */
        String source() {
            return lies + "@" + offset;
        }

        boolean says(String words) {
            return text.contains(words);
        }

        /** The command that it is about; null: it names none. */
        String target() {
            int from = text.indexOf("\"target_command_id\":\"");
            return from < 0 ? null : text.substring(from + 21, text.indexOf('"', from + 21));
        }

        /** The run that it names; null: it names none. */
        Long runId() {
            int from = text.indexOf("\"run_id\":");
            return from < 0 ? null : Long.valueOf(text.substring(from + 9).split("[,}]", 2)[0]);
        }
    }

    List<Order> all() {
        return all;
    }

    boolean allSent() {
        return toCome == 0;
    }

    private void later(long nanos, Runnable send) {
        toCome++;
        world.scheduler().after(nanos, () -> {
            toCome--;
            send.run();
        });
    }

    private void send(int number) {
        String id = "command-" + number;
        int partition = random.nextInt(world.plan().partitions());
        int dice = random.nextInt(100);
        if (dice < 45) {
            plain(id, partition);
        } else if (dice < 65) {
            cancelled(id, partition);
        } else if (dice < 72) {
            command(partition, id, "cancel", wording.run());
            repeat(partition, id, "cancel", "\"run_id\":1", 4);
        } else if (dice < 84) {
            retried(id, partition);
        } else if (dice < 92) {
            command(partition, id, "follow", wording.run() + wording.expected() + wording.options());
        } else {
            rivals(id, partition);
        }
    }

    private void plain(String id, int partition) {
        int dice = random.nextInt(100);
        String body = wording.trigger();
        if (dice < 55) {
            command(partition, anywhere(partition), id, "trigger", body);
        } else if (dice < 65) {
            command(partition, anywhere(partition), null, "trigger", body);
        } else if (dice < 75) {
            boolean unkeyed = world.plan().degraded() < 0 && clients.nextInt(4) == 0;
            int home = unkeyed ? -1 : partition;
            Runnable sent = () -> command(home, anywhere(partition), id, "trigger", body);
            sent.run();
            later(random.nextLong(20 * SECOND), sent);
        } else if (dice < 82) {
            command(partition, id, "trigger", body);
            repeat(partition, id, "trigger", "\"job_id\":1,\"cause\":\"another one\"", 1);
        } else if (dice < 87) {
            command(partition, id, "trigger", "\"job_id\":\"one\"");
        } else if (dice < 91) {
            command(partition, id, "trigger", "\"job_id\":99");
        } else if (dice < 95) {
            append(
                    partition,
                    anywhere(partition),
                    id,
                    "{\"command\":" + " ".repeat(random.nextInt(6_000)),
                    0,
                    Fate.DEAD_LETTER,
                    "malformed");
        } else {
            append(
                    partition,
                    anywhere(partition),
                    id,
                    "{\"command\":\"trigger\",\"command_id\":\"" + id + "\"," + body + "}",
                    Duration.ofDays(30).toMillis(),
                    Fate.DEAD_LETTER,
                    "expired");
        }
    }

    private void repeat(int partition, String id, String verb, String body, int oneOf) {
        if (random.nextInt(oneOf) == 0) {
            later(random.nextLong(20 * SECOND), () -> command(partition, id, verb, body));
        }
    }

    /** A command and who ends it: before it is there, at once, while it starts, while it runs, when it is over, twice. */
    private void cancelled(String id, int partition) {
        String target = "\"target_command_id\":\"" + id + "\"";
        int where = random.nextInt(8) == 0 ? random.nextInt(world.plan().partitions()) : partition;
        long wait = cancelledAfter();
        boolean follows = random.nextInt(6) == 0;
        Runnable first = follows
                ? () -> command(partition, id, "follow", wording.run() + wording.expected())
                : () -> command(partition, id, "trigger", wording.trigger());
        Runnable cancel = () -> command(where, "end-of-" + id, "cancel", target + wording.expiry());
        switch (random.nextInt(10)) {
            case 0 -> cancel.run();
            case 1 -> {
                cancel.run();
                later(random.nextLong(90 * SECOND), first);
            }
            default -> {
                first.run();
                later(wait, cancel);
            }
        }
        if (random.nextInt(4) == 0) {
            later(wait + random.nextLong(10 * SECOND), () -> command(where, "once-more-" + id, "cancel", target));
        }
        if (random.nextInt(12) == 0) {
            later(wait, () -> command(where, "odd-" + id, "cancel", "\"target_command_id\":\"end-of-" + id + "\""));
        }
    }

    private long cancelledAfter() {
        return switch (random.nextInt(5)) {
            case 0 -> 0;
            case 1 -> random.nextLong(SECOND);
            case 2 -> random.nextLong(60 * SECOND);
            default -> random.nextLong(10 * SECOND);
        };
    }

    private void retried(String id, int partition) {
        switch (random.nextInt(5)) {
            case 0 -> command(partition, id, "retry", wording.failedRun() + wording.options());
            case 1, 2 -> command(partition, id, "retry", wording.failedJob() + wording.options());
            case 3 -> command(partition, id, "trigger", wording.failedJob() + ",\"retry_from_failure\":true");
            default -> {
                String retry = "\"target_command_id\":\"" + id + "\"" + wording.options();
                command(partition, id, "trigger", wording.job());
                later(random.nextLong(70 * SECOND), () -> command(partition, "again-" + id, "retry", retry));
            }
        }
        if (random.nextInt(5) == 0) {
            String cancel = "\"target_command_id\":\"" + id + "\"";
            later(cancelledAfter(), () -> command(partition, "end-of-" + id, "cancel", cancel));
        }
    }

    /** Two or three that want the same job. */
    private void rivals(String id, int partition) {
        String job = "\"job_id\":" + (1 + random.nextInt(3));
        int count = 2 + random.nextInt(2);
        for (int i = 0; i < count; i++) {
            String body = job + wording.ifRunning() + wording.options();
            String name = id + "-" + i;
            later(
                    random.nextLong(random.nextBoolean() ? SECOND : 20 * SECOND),
                    () -> command(partition, name, "trigger", body));
        }
    }

    /** Where a client puts what belongs to a partition: many do not hash keys as Kafka's own does. */
    private int anywhere(int home) {
        return clients.nextInt(3) == 0 ? clients.nextInt(world.plan().partitions()) : home;
    }

    /** A key for each partition. */
    private static List<String> keys(int partitions) {
        return IntStream.range(0, partitions)
                .mapToObj(partition -> IntStream.iterate(0, i -> i + 1)
                        .mapToObj(i -> "key-" + i)
                        .filter(key -> Placement.of(Placement.key(key), partitions) == partition)
                        .findFirst()
                        .orElseThrow())
                .toList();
    }

    private void command(int partition, String id, String verb, String body) {
        command(partition, partition, id, verb, body);
    }

    private void command(int partition, int lies, String id, String verb, String said) {
        String body = said + (verb.equals("trigger") || verb.equals("retry") ? wording.onFailure(id + said) : "");
        Fate fate = put(partition, lies, id, verb, body);
        if (id != null && partition >= 0 && fate == Fate.ONE_OUTCOME && body.length() > said.length()) {
            long stop = wording.stopAfter(id + said);
            if (stop > 0) {
                String cancel = "\"target_command_id\":\"" + id + "\"";
                later(stop, () -> command(partition, "stop-" + id, "cancel", cancel));
            }
        }
    }

    private Fate put(int partition, int lies, String id, String verb, String body) {
        String named = id == null ? "" : "\"command_id\":\"" + id + "\",";
        String value = "{\"command\":\"" + verb + "\"," + named + body + "}";
        // Nobody reads what is held, so the same id elsewhere is the first one.
        String before = id == null || isHeld(partition, lies) ? null : contentOfId.putIfAbsent(id, value);
        Fate fate = before == null ? Fate.ONE_OUTCOME : before.equals(value) ? Fate.NOTHING : Fate.DEAD_LETTER;
        append(partition, lies, id, value, 0, fate, fate == Fate.DEAD_LETTER ? "id_conflict" : "");
        return fate;
    }

    /** Whether a record lies in the degraded partition, or would be passed on to it. */
    private boolean isHeld(int partition, int lies) {
        int degraded = world.plan().degraded();
        return degraded >= 0 && (lies == degraded || partition == degraded);
    }

    private void append(int partition, int lies, String id, String value, long ageMillis, Fate fate, String reason) {
        SimLog log = world.broker().log(SimConfig.COMMANDS, lies);
        long timestamp = SimTime.EPOCH.toEpochMilli() + world.scheduler().now() / 1_000_000 - ageMillis;
        String ownId = id == null ? SimConfig.COMMANDS + "-" + lies + "-" + log.end() + "-" + timestamp : id;
        boolean malformed = "malformed".equals(reason);
        Fate held = isHeld(malformed ? lies : partition, lies) ? Fate.HELD : fate;
        all.add(new Order(partition, lies, log.end(), ownId, held, held == Fate.HELD ? "" : reason, value));
        world.trace().say("producer", "%d@%d for %d %s: %s", lies, log.end(), partition, held, value);
        RecordHeaders headers = new RecordHeaders();
        headers.add("traceparent", world.truth().trace(ownId).getBytes(StandardCharsets.UTF_8));
        log.append(
                partition < 0 ? null : Placement.key(keys.get(partition)),
                value.getBytes(StandardCharsets.UTF_8),
                headers,
                timestamp,
                null,
                false);
    }
}

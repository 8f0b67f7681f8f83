package org.dbtrelay.sim;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.dbtrelay.sim.SimBroker.SimLog;

/** The producers of commands: what they put on the topic, and what has to become of it. */
final class Orders {

    private final World world;
    private final SplittableRandom random;
    private final List<Order> all = new ArrayList<>();
    private final Map<String, Integer> contentOfId = new HashMap<>();
    private int toCome;

    Orders(World world, Plan plan) {
        this.world = world;
        this.random = new SplittableRandom(plan.seed() * 29 + 2);
        for (int number = 0; number < plan.commands(); number++) {
            toCome++;
            int name = number;
            world.scheduler().after(random.nextLong(25_000_000_000L), () -> {
                toCome--;
                send(name);
            });
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
     * @param id the command's
     * @param reason of its dead letter
     */
    record Order(int partition, long offset, String id, Fate fate, String reason) {}

    List<Order> all() {
        return all;
    }

    boolean allSent() {
        return toCome == 0;
    }

    private void send(int number) {
        String id = "command-" + number;
        int partition = random.nextInt(world.plan().partitions());
        int dice = random.nextInt(100);
        String body = body();
        if (dice < 55) {
            command(partition, id, body, 0);
        } else if (dice < 65) {
            command(partition, null, body, 0);
        } else if (dice < 75) {
            command(partition, id, body, 0);
            repeat(partition, id, body);
        } else if (dice < 82) {
            command(partition, id, body, 0);
            repeat(partition, id, "\"job_id\":1,\"cause\":\"another one\"");
        } else if (dice < 87) {
            command(partition, id, "\"job_id\":\"one\"", 0);
        } else if (dice < 91) {
            command(partition, id, "\"job_id\":99", 0);
        } else if (dice < 95) {
            append(
                    partition,
                    id,
                    "{\"command\":" + " ".repeat(random.nextInt(6_000)),
                    0,
                    Fate.DEAD_LETTER,
                    "malformed");
        } else {
            append(
                    partition,
                    id,
                    "{\"command\":\"trigger\",\"command_id\":\"" + id + "\"," + body + "}",
                    Duration.ofDays(30).toMillis(),
                    Fate.DEAD_LETTER,
                    "expired");
        }
    }

    private void repeat(int partition, String id, String body) {
        toCome++;
        world.scheduler().after(random.nextLong(20_000_000_000L), () -> {
            toCome--;
            command(partition, id, body, 0);
        });
    }

    private String body() {
        String job = switch (random.nextInt(14)) {
            case 0 -> "\"job_id\":4";
            case 1 -> "\"job_id\":5";
            case 2, 3 -> names("J" + (1 + random.nextInt(3)));
            case 4 -> names(random.nextBoolean() ? "Twin" : random.nextBoolean() ? "Old" : "No such");
            default -> "\"job_id\":" + (1 + random.nextInt(3));
        };
        return switch (random.nextInt(8)) {
            case 0 -> job + ",\"artifacts\":[]";
            case 1 -> job + ",\"connection\":\"other\"";
            case 2 -> job + ",\"timeout\":\"PT" + (2 + random.nextInt(60)) + "S\"";
            case 3 -> job + ",\"context\":{\"note\":\"" + "x".repeat(random.nextInt(2_000)) + "\"}";
            default -> job + ",\"cause\":\"simulated\"";
        };
    }

    private static String names(String job) {
        return "\"project_name\":\"P\",\"environment_name\":\"E\",\"job_name\":\"" + job + "\"";
    }

    private void command(int partition, String id, String body, long age) {
        String named = id == null ? "" : "\"command_id\":\"" + id + "\",";
        String value = "{\"command\":\"trigger\"," + named + body + "}";
        int content = body.hashCode();
        Integer before = id == null ? null : contentOfId.putIfAbsent(id, content);
        Fate fate = before == null ? Fate.ONE_OUTCOME : before == content ? Fate.NOTHING : Fate.DEAD_LETTER;
        append(partition, id, value, age, fate, fate == Fate.DEAD_LETTER ? "id_conflict" : "");
    }

    private void append(int partition, String id, String value, long ageMillis, Fate fate, String reason) {
        SimLog log = world.broker().log(SimConfig.COMMANDS, partition);
        long timestamp = SimTime.EPOCH.toEpochMilli() + world.scheduler().now() / 1_000_000 - ageMillis;
        String ownId = id == null ? SimConfig.COMMANDS + "-" + partition + "-" + log.end() + "-" + timestamp : id;
        Fate held = partition == world.plan().degraded() ? Fate.HELD : fate;
        all.add(new Order(partition, log.end(), ownId, held, held == Fate.HELD ? "" : reason));
        world.trace().say("producer", "%d@%d %s: %s", partition, log.end(), held, value);
        log.append(
                ("key-" + partition).getBytes(StandardCharsets.UTF_8),
                value.getBytes(StandardCharsets.UTF_8),
                new RecordHeaders(),
                timestamp,
                null,
                false);
    }
}

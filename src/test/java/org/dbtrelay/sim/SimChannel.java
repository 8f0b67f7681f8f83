package org.dbtrelay.sim;

import io.smallrye.mutiny.Uni;
import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import io.smallrye.reactive.messaging.kafka.KafkaConsumer;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.TimestampType;
import org.dbtrelay.command.CommandDecoder;
import org.dbtrelay.ledger.SimLedger;
import org.dbtrelay.sim.SimBroker.SimLog;
import org.dbtrelay.sim.SimBroker.SimRecord;

/**
 * The commands channel of one process, as SmallRye's Kafka connector with the throttled strategy is: one polling thread
 * that fetches, hears of rebalances and commits what is acknowledged without a gap.
 */
final class SimChannel {

    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private final World world;
    private final SimProcess process;
    private final CommandDecoder decoder;
    private final Map<Integer, Assigned> assigned = new TreeMap<>();
    private final Set<Integer> paused = new HashSet<>();
    private SimLedger ledger;
    private SimGroup.Member member;
    private boolean stopped;

    SimChannel(World world, SimProcess process, CommandDecoder decoder) {
        this.world = world;
        this.process = process;
        this.decoder = decoder;
    }

    private static final class Assigned {
        private long position;
        private long acknowledged;

        /** The last record that was delivered; below it there may be markers, and what was aborted. */
        private long delivered = -1;

        private final TreeSet<Long> ahead = new TreeSet<>();
        private final TreeSet<Long> invisible = new TreeSet<>();

        Assigned(long position) {
            this.position = position;
            this.acknowledged = position;
        }

        /** Only behind a record is anything acknowledged, and not behind what is invisible. */
        void acknowledge(long offset) {
            ahead.add(offset);
            for (long next = acknowledged; ahead.contains(next) || invisible.contains(next); next++) {
                if (ahead.remove(next)) {
                    acknowledged = next + 1;
                }
            }
        }
    }

    void start(SimLedger owners) {
        this.ledger = owners;
        this.member = world.group().join(process);
        process.spawn("polling", this::poll);
    }

    /** The process stops in order: its owners drain, then it leaves the group. */
    void stop() {
        stopped = true;
        if (ledger == null) {
            return;
        }
        ledger.shutdown();
        assigned.forEach(this::commit);
        world.group().remove(member);
    }

    private void poll() {
        while (!stopped) {
            world.faults().pass(process, "poll");
            if (member.isOut()) {
                List<Integer> lost = List.copyOf(assigned.keySet());
                if (!lost.isEmpty()) {
                    world.coverage().count("crash", "frozen, wakes after losing its partitions");
                }
                assigned.clear();
                ledger.revoked(lost);
                member = world.group().join(process);
            }
            List<Integer> going = world.group().going(member);
            if (!going.isEmpty()) {
                ledger.revoked(going);
                for (int partition : going) {
                    Assigned gone = assigned.remove(partition);
                    if (gone != null) {
                        commit(partition, gone);
                    }
                }
                world.group().release(member, going);
            }
            List<Integer> coming = world.group().take(member);
            if (!coming.isEmpty()) {
                coming.forEach(it -> assigned.put(it, new Assigned(world.group().committed(it))));
                coming.forEach(paused::remove);
                ledger.assigned(coming);
            }
            if (!world.broker().isDown()) {
                new ArrayList<>(assigned.keySet()).forEach(this::fetch);
                assigned.forEach(this::commit);
            }
            process.sleep(250_000_000 + world.faults().upTo(1_800_000_000));
        }
    }

    private void fetch(int partition) {
        Assigned from = assigned.get(partition);
        SimLog log = world.broker().log(SimConfig.COMMANDS, partition);
        int end =
                (int) Math.min(log.lastStable(), from.position + world.faults().fetchSize());
        while (from.position < end && !paused.contains(partition)) {
            SimRecord record = log.records.get((int) from.position++);
            if (isVisible(record)) {
                from.delivered = record.offset();
                deliver(partition, from, record);
            } else {
                from.invisible.add(record.offset());
            }
        }
    }

    private static boolean isVisible(SimRecord record) {
        return !record.marker() && (record.transaction() == null || record.transaction().committed);
    }

    private void deliver(int partition, Assigned from, SimRecord record) {
        ConsumerRecord<byte[], byte[]> command = new ConsumerRecord<>(
                SimConfig.COMMANDS,
                partition,
                record.offset(),
                record.timestamp(),
                TimestampType.LOG_APPEND_TIME,
                record.key() == null ? -1 : record.key().length,
                record.value() == null ? -1 : record.value().length,
                record.key(),
                record.value(),
                record.headers(),
                Optional.empty());
        if (world.mutant() == Mutant.ACKNOWLEDGE_BEFORE_COMMIT) {
            from.acknowledge(record.offset());
        }
        ledger.owners().offer(command, decoder.decode(command), () -> {
            world.faults().pass(process, "acknowledge");
            world.check(
                    world.truth().isTaken(partition, record.offset()),
                    "%s acknowledges record %d@%d before it is committed",
                    process.name(),
                    partition,
                    record.offset());
            if (assigned.get(partition) == from) {
                from.acknowledge(record.offset());
            }
        });
    }

    /** Whether a record has been delivered that is not taken durably. */
    boolean holdsUntaken() {
        return assigned.entrySet().stream()
                .anyMatch(it ->
                        it.getValue().delivered >= 0 && !world.truth().isTaken(it.getKey(), it.getValue().delivered));
    }

    private void commit(int partition, Assigned what) {
        world.group().commit(member, partition, what.acknowledged);
    }

    /** What the brokers say of a commands partition. */
    long[] endAndCommitted(int partition) {
        return world.broker().call(process, "look at commands", PATIENCE, () -> new long[] {
            world.broker().log(SimConfig.COMMANDS, partition).end(),
            // Committed offsets without a position would be noticed at once.
            world.mutant() == Mutant.NO_POSITION ? 0 : world.group().committed(partition)
        });
    }

    /** How the intake valve reaches the consumer of the channel. */
    KafkaClientService clients() {
        return (KafkaClientService) proxy(KafkaClientService.class, (method, arguments) -> consumer());
    }

    private Object consumer() {
        return proxy(KafkaConsumer.class, (method, arguments) -> {
            @SuppressWarnings("unchecked")
            var task = (java.util.function.Consumer<Consumer<byte[], byte[]>>) arguments[0];
            process.spawn("on polling thread", () -> task.accept(polling()));
            return Uni.createFrom().voidItem();
        });
    }

    @SuppressWarnings("unchecked")
    private Consumer<byte[], byte[]> polling() {
        return (Consumer<byte[], byte[]>) proxy(Consumer.class, (method, arguments) -> switch (method.getName()) {
            case "assignment" -> {
                Set<TopicPartition> all = new HashSet<>();
                assigned.keySet().forEach(it -> all.add(new TopicPartition(SimConfig.COMMANDS, it)));
                yield all;
            }
            case "pause" -> {
                paused.addAll(numbers(arguments[0]));
                yield null;
            }
            case "resume" -> {
                numbers(arguments[0]).forEach(paused::remove);
                yield null;
            }
            default -> throw new UnsupportedOperationException(method.getName());
        });
    }

    private static List<Integer> numbers(Object partitions) {
        return ((Collection<?>) partitions)
                .stream().map(it -> ((TopicPartition) it).partition()).toList();
    }

    private interface Answer {
        Object to(Method method, Object[] arguments);
    }

    private static Object proxy(Class<?> type, Answer answer) {
        return Proxy.newProxyInstance(
                SimChannel.class.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, arguments) -> answer.to(method, arguments));
    }
}

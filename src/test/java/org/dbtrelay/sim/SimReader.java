package org.dbtrelay.sim;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.dbtrelay.sim.SimBroker.SimLog;
import org.dbtrelay.sim.SimBroker.SimRecord;

/** A reader of one partition, or of several: the few methods of Kafka's consumer that a claim uses. */
final class SimReader implements InvocationHandler {

    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private final World world;
    private final SimProcess process;
    private final boolean committedOnly;
    private final Map<TopicPartition, Long> positions = new LinkedHashMap<>();

    private SimReader(World world, SimProcess process, boolean committedOnly) {
        this.world = world;
        this.process = process;
        this.committedOnly = committedOnly;
    }

    @SuppressWarnings("unchecked")
    static Consumer<byte[], byte[]> of(World world, SimProcess process, boolean committedOnly) {
        return (Consumer<byte[], byte[]>) Proxy.newProxyInstance(
                SimReader.class.getClassLoader(),
                new Class<?>[] {Consumer.class},
                new SimReader(world, process, committedOnly));
    }

    @Override
    public Object invoke(Object proxy, Method method, Object[] arguments) {
        return switch (method.getName()) {
            case "assign" -> {
                positions.clear();
                ((Collection<?>) arguments[0]).forEach(each -> positions.put((TopicPartition) each, 0L));
                yield null;
            }
            case "seekToBeginning" -> {
                positions.replaceAll((each, position) -> 0L);
                yield null;
            }
            case "endOffsets" -> {
                TopicPartition only = positions.keySet().iterator().next();
                yield Map.of(only, world.broker().call(process, "read end", PATIENCE, () -> end(only)));
            }
            case "position" -> positions.get((TopicPartition) arguments[0]);
            case "poll" -> poll();
            case "close" -> null;
            default -> throw new UnsupportedOperationException(method.getName());
        };
    }

    private SimLog log(TopicPartition partition) {
        return world.broker().log(partition.topic(), partition.partition());
    }

    private long end(TopicPartition partition) {
        return committedOnly ? log(partition).lastStable() : log(partition).end();
    }

    private ConsumerRecords<byte[], byte[]> poll() {
        // In an order that is the same in every JVM.
        Map<TopicPartition, Long> from = new LinkedHashMap<>(positions);
        int most = world.faults().fetchSize();
        Map<TopicPartition, List<SimRecord>> fetched = world.broker().call(process, "read", PATIENCE, () -> {
            Map<TopicPartition, List<SimRecord>> all = new LinkedHashMap<>();
            from.forEach((partition, at) ->
                    all.put(partition, List.copyOf(log(partition).records.subList(at.intValue(), (int)
                            Math.min(end(partition), at + most)))));
            return all;
        });
        Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> records = new LinkedHashMap<>();
        fetched.forEach((partition, rows) -> {
            List<ConsumerRecord<byte[], byte[]>> visible = visible(partition, rows);
            if (!visible.isEmpty()) {
                records.put(partition, visible);
            }
        });
        return records.isEmpty() ? ConsumerRecords.empty() : new ConsumerRecords<>(records, Map.of());
    }

    private List<ConsumerRecord<byte[], byte[]>> visible(TopicPartition partition, List<SimRecord> rows) {
        List<ConsumerRecord<byte[], byte[]>> visible = new ArrayList<>();
        for (SimRecord record : rows) {
            positions.put(partition, record.offset() + 1);
            boolean hidden = committedOnly && record.transaction() != null && !record.transaction().committed;
            boolean forgotten = world.mutant() == Mutant.NO_POSITION
                    && !record.marker()
                    && new String(record.key(), StandardCharsets.UTF_8).equals("p:");
            if (!record.marker() && !hidden && !forgotten) {
                visible.add(new ConsumerRecord<>(
                        partition.topic(), partition.partition(), record.offset(), record.key(), record.value()));
            }
        }
        return visible;
    }
}

package org.dbtrelay.sim;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.dbtrelay.sim.SimBroker.SimLog;
import org.dbtrelay.sim.SimBroker.SimRecord;

/** A reader of one partition: the few methods of Kafka's consumer that a claim uses. */
final class SimReader implements InvocationHandler {

    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private final World world;
    private final SimProcess process;
    private final boolean committedOnly;
    private TopicPartition partition;
    private long position;

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
                partition = (TopicPartition)
                        ((Collection<?>) arguments[0]).iterator().next();
                yield null;
            }
            case "seekToBeginning" -> {
                position = 0;
                yield null;
            }
            case "endOffsets" -> Map.of(partition, world.broker().call(process, "read end", PATIENCE, () -> end()));
            case "position" -> position;
            case "poll" -> poll();
            case "close" -> null;
            default -> throw new UnsupportedOperationException(method.getName());
        };
    }

    private SimLog log() {
        return world.broker().log(partition.topic(), partition.partition());
    }

    private long end() {
        return committedOnly ? log().lastStable() : log().end();
    }

    private ConsumerRecords<byte[], byte[]> poll() {
        long from = position;
        int most = world.faults().fetchSize();
        List<SimRecord> fetched = world.broker()
                .call(
                        process,
                        "read",
                        PATIENCE,
                        () -> List.copyOf(log().records.subList((int) from, (int) Math.min(end(), from + most))));
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (SimRecord record : fetched) {
            position = record.offset() + 1;
            boolean hidden = committedOnly && record.transaction() != null && !record.transaction().committed;
            boolean forgotten = world.mutant() == Mutant.NO_POSITION
                    && !record.marker()
                    && new String(record.key(), StandardCharsets.UTF_8).equals("p:");
            if (!record.marker() && !hidden && !forgotten) {
                records.add(new ConsumerRecord<>(
                        partition.topic(), partition.partition(), record.offset(), record.key(), record.value()));
            }
        }
        return records.isEmpty()
                ? ConsumerRecords.empty()
                : new ConsumerRecords<>(Map.of(partition, records), Map.of());
    }
}

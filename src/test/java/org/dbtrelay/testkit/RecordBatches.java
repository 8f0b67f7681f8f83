package org.dbtrelay.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.common.record.CompressionType;
import org.apache.kafka.common.record.FileRecords;
import org.apache.kafka.common.record.RecordBatch;

/** The batches on a broker's disk, as a producer made them; no consumer shows these. */
public final class RecordBatches {

    private RecordBatches() {}

    /** The codecs of all batches of a topic; those that Kafka writes itself, at the end of a transaction, do not count. */
    public static Set<CompressionType> codecs(Path dataDirectory, String topic) {
        Set<CompressionType> codecs = EnumSet.noneOf(CompressionType.class);
        forEach(dataDirectory, topic, batch -> {
            if (!batch.isControlBatch()) {
                codecs.add(batch.compressionType());
            }
        });
        return codecs;
    }

    /** The size of all batches of a topic, with Kafka's own overhead. */
    public static long bytes(Path dataDirectory, String topic) {
        LongAdder bytes = new LongAdder();
        forEach(dataDirectory, topic, batch -> bytes.add(batch.sizeInBytes()));
        return bytes.sum();
    }

    private static void forEach(Path dataDirectory, String topic, Consumer<RecordBatch> seen) {
        Pattern ofTopic = Pattern.compile(Pattern.quote(topic) + "-\\d+");
        try (Stream<Path> files = Files.walk(dataDirectory, 2)) {
            for (Path file : files.filter(it -> it.toString().endsWith(".log")).toList()) {
                if (ofTopic.matcher(file.getParent().getFileName().toString()).matches()) {
                    FileRecords records = FileRecords.open(file.toFile(), false);
                    try {
                        records.batches().forEach(seen);
                    } finally {
                        // Its close would cut the file to the size that it had when it was opened, and the broker goes
                        // on.
                        records.closeHandlers();
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

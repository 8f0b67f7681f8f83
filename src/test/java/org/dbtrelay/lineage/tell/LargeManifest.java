package org.dbtrelay.lineage.tell;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.dbtrelay.config.LineageTests;
import org.dbtrelay.lineage.event.LineageEvent;

/**
 * A process that tells the lineage of a step with a manifest of hundreds of megabytes, and prints how many events there were. Its files are
 * made while they are read. Arguments: megabytes, nodes of the step.
 */
public final class LargeManifest {

    /** The text of macros and unread nodes that fills the manifest. */
    private static final int OTHER_NODES = 20_000;

    private LargeManifest() {}

    /** Prints {@code events=<n> inputs=<n> bytes=<n>}. */
    public static void main(String[] args) throws IOException, InterruptedException {
        long bytes = Long.parseLong(args[0]) * 1024 * 1024;
        int nodes = Integer.parseInt(args[1]);
        RunLineage run = new RunLineage(SampleRuns.run(SampleRuns.ENDED), SampleRuns.around(LineageTests.AGGREGATE));
        long[] counts = new long[3];
        new StepLineage(run, SampleRuns.BUILD).tell(artifacts(bytes, nodes, counts), new Telling() {
            @Override
            public void on(String basis) {
                if (!basis.equals("rm")) {
                    throw new IllegalStateException("the manifest was not read: " + basis);
                }
            }

            @Override
            public void tell(LineageEvent event) {
                counts[0]++;
                counts[1] += Told.json(event).path("inputs").size();
            }
        });
        System.out.printf(Locale.ROOT, "events=%d inputs=%d bytes=%d%n", counts[0], counts[1], counts[2]);
    }

    private static StepArtifacts artifacts(long bytes, int nodes, long[] counts) {
        return (path, step) -> switch (path) {
            case "run_results.json" -> Optional.of(stream(results(nodes)));
            case "manifest.json" -> {
                InputStream manifest = stream(manifest(bytes, nodes));
                yield Optional.of(new InputStream() {
                    @Override
                    public int read() throws IOException {
                        int read = manifest.read();
                        counts[2] += read < 0 ? 0 : 1;
                        return read;
                    }

                    @Override
                    public int read(byte[] to, int from, int length) throws IOException {
                        int read = manifest.read(to, from, length);
                        counts[2] += Math.max(0, read);
                        return read;
                    }
                });
            }
            default -> Optional.empty();
        };
    }

    private static List<Stream<String>> results(int nodes) {
        return List.of(
                Stream.of("{\"metadata\": {}, \"results\": ["),
                IntStream.range(0, nodes)
                        .mapToObj(
                                i -> (i == 0 ? "" : ",") + "{\"unique_id\": \"model.shop.m" + i
                                        + "\", \"status\": \"success\", \"message\": \"" + "x".repeat(200)
                                        + "\", \"timing\": [{\"started_at\": \"2026-11-29T12:01:10Z\", \"completed_at\": \"2026-11-29T12:01:11Z\"}]}"),
                Stream.of("]}"));
    }

    /** The parents stand in front of the nodes that were run, behind as many others as there may be. */
    private static List<Stream<String>> manifest(long bytes, int nodes) {
        String code = "select 1 -- " + "y".repeat((int) (bytes / (OTHER_NODES + nodes)) - 600);
        String node =
                ", \"schema\": \"s\", \"database\": \"d\", \"raw_code\": \"%s\", \"compiled_code\": \"select 2\", \"columns\": {"
                        .formatted(code);
        String columns = String.join(
                ", ",
                IntStream.range(0, 8)
                        .mapToObj(i -> "\"c%d\": {\"name\": \"c%1$d\", \"description\": \"d\"}".formatted(i))
                        .toList());
        return List.of(
                Stream.of("{\"metadata\": {\"adapter_type\": \"snowflake\"}, \"nodes\": {"),
                IntStream.range(0, OTHER_NODES)
                        .mapToObj(i ->
                                "\"model.shop.other" + i + "\": {\"name\": \"o" + i + "\"" + node + columns + "}},"),
                IntStream.range(0, nodes)
                        .mapToObj(i -> (i == 0 ? "" : ",") + "\"model.shop.m" + i + "\": {\"name\": \"m" + i + "\""
                                + node
                                + columns + "}, \"depends_on\": {\"nodes\": [\"model.shop.other" + (OTHER_NODES - 1 - i)
                                + "\", \"source.shop.raw.s\"]}}"),
                Stream.of("}, \"sources\": {\"source.shop.raw.s\": {\"name\": \"s\", \"schema\": \"raw\"}}}"));
    }

    private static InputStream stream(List<Stream<String>> parts) {
        return new Parts(parts);
    }

    /** The texts of streams, one after another; a stream of streams would hold all of a part. */
    private static final class Parts extends InputStream {
        private final Iterator<Iterator<String>> all;
        private Iterator<String> part = Collections.emptyIterator();
        private ByteArrayInputStream text = new ByteArrayInputStream(new byte[0]);

        Parts(List<Stream<String>> parts) {
            this.all = parts.stream().map(Stream::iterator).toList().iterator();
        }

        @Override
        public int read() {
            return isAtItsEnd() ? -1 : text.read();
        }

        @Override
        public int read(byte[] to, int from, int length) {
            return isAtItsEnd() ? -1 : text.read(to, from, length);
        }

        private boolean isAtItsEnd() {
            while (text.available() == 0) {
                while (!part.hasNext()) {
                    if (!all.hasNext()) {
                        return true;
                    }
                    part = all.next();
                }
                text = new ByteArrayInputStream(part.next().getBytes(StandardCharsets.UTF_8));
            }
            return false;
        }
    }

    /** The command that runs it in a process of its own. */
    static List<String> command(String java, String heap, int megabytes, int nodes) {
        List<String> command = new ArrayList<>(List.of(java, heap, "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"));
        Collections.addAll(
                command,
                "-cp",
                System.getProperty("java.class.path"),
                LargeManifest.class.getName(),
                Integer.toString(megabytes),
                Integer.toString(nodes));
        return command;
    }
}

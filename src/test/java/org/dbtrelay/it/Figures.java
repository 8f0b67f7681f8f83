package org.dbtrelay.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What the benchmarks of one run have measured: a table in {@code target/performance.md} and a picture of its bars in {@code
 * target/performance.svg}, both written anew after each figure.
 */
final class Figures {

    private static final Path TABLE = Path.of("target", "performance.md");
    private static final Path PICTURE = Path.of("target", "performance.svg");

    private static final int WIDTH = 760;
    private static final int LABEL = 390;
    private static final int LONGEST_BAR = 270;
    private static final int ROW = 22;

    /** The bars that can be compared with each other, and are drawn to one scale. */
    enum Scale {
        TRIGGERS("triggers a second"),
        LATENCY("from the record to the POST, idle, in ms"),
        REQUESTS("polls of a run");

        private final String title;

        Scale(String title) {
            this.title = title;
        }
    }

    private record Bar(Scale scale, String label, double value, boolean relay) {}

    private static final Map<String, String> ROWS = new LinkedHashMap<>();
    private static final Map<String, Bar> BARS = new LinkedHashMap<>();

    private Figures() {}

    /** Adds a row of the table. */
    static synchronized void row(String what, String figure) {
        ROWS.put(what, figure);
        System.out.printf("| %s | %s |%n", what, figure);
        write();
    }

    /**
     * Adds a bar of the picture.
     *
     * @param relay whether it is the relay's own, and not one to compare it with
     */
    static synchronized void bar(Scale scale, String label, double value, boolean relay) {
        BARS.put(scale + label, new Bar(scale, label, value, relay));
        write();
    }

    private static void write() {
        List<String> lines = new ArrayList<>(List.of("| what | figure |", "| --- | --- |"));
        ROWS.forEach((what, figure) -> lines.add("| " + what + " | " + figure + " |"));
        try {
            Files.write(TABLE, lines);
            Files.writeString(PICTURE, picture(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String picture() {
        StringBuilder drawn = new StringBuilder();
        int y = 8;
        for (Scale scale : Scale.values()) {
            List<Bar> bars =
                    BARS.values().stream().filter(bar -> bar.scale() == scale).toList();
            if (!bars.isEmpty()) {
                y += ROW;
                drawn.append("<text x=\"8\" y=\"%d\" class=\"title\">%s</text>%n".formatted(y, scale.title));
                double longest = bars.stream().mapToDouble(Bar::value).max().orElseThrow();
                for (Bar bar : bars) {
                    y += ROW;
                    drawn.append(draw(bar, longest, y));
                }
                y += ROW / 2;
            }
        }
        return """
                <svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %1$d %2$d" role="img">
                <title>Figures of the benchmark</title>
                <style>
                text { font: 13px sans-serif; fill: #24292f }
                .title { font-weight: bold }
                .relay { fill: #d9480f }
                .other { fill: #adb5bd }
                @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .other { fill: #6e7681 } }
                </style>
                %s</svg>
                """.formatted(WIDTH, y + ROW / 2, drawn);
    }

    private static String draw(Bar bar, double longest, int y) {
        long length = Math.max(1, Math.round(bar.value() / longest * LONGEST_BAR));
        return String.format(
                Locale.ROOT,
                "<text x=\"8\" y=\"%d\">%s</text><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"14\" class=\"%s\"/>"
                        + "<text x=\"%d\" y=\"%1$d\">%s</text>%n",
                y,
                bar.label(),
                LABEL,
                y - 11,
                length,
                bar.relay() ? "relay" : "other",
                LABEL + length + 6,
                bar.value() < 10 ? "%.1f".formatted(bar.value()) : "%.0f".formatted(bar.value()));
    }
}

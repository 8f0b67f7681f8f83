package org.dbtrelay.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code docs/configuration.md} against {@link RelayConfig}: the same keys, types and defaults, none missing, none too many. */
class ConfigurationReferenceTest {

    private static final Path REFERENCE = Path.of("docs", "configuration.md");

    /** A row of the reference's tables, without the meaning. */
    private record Row(String key, String variable, String type, String byDefault) {}

    @Test
    void theReferenceIsWhatTheRelayReads() throws IOException {
        List<Row> documented = documented();
        List<Row> read = ConfigKeys.declared().all().stream()
                .map(ConfigurationReferenceTest::row)
                .toList();
        assertThat(read).as("keys that are read, as they must be documented").isNotEmpty();
        assertThat(read.stream().filter(row -> !documented.contains(row)))
                .as("missing in the reference")
                .isEmpty();
        assertThat(documented.stream().filter(row -> !read.contains(row)))
                .as("too much in the reference")
                .isEmpty();
        assertThat(documented).doesNotHaveDuplicates();
    }

    @Test
    void everyKeyHasAMeaning() throws IOException {
        assertThat(rows().map(List::of)).isNotEmpty().allSatisfy(cells -> {
            assertThat(cells).hasSize(6);
            assertThat(cells.getLast().strip()).hasSizeGreaterThan(10);
        });
    }

    private static List<Row> documented() throws IOException {
        return rows().map(cells -> new Row(plain(cells[1]), plain(cells[2]), cells[3].strip(), plain(cells[4])))
                .toList();
    }

    /** The cells of the rows that tell a key of {@code relay.*}; the first cell is what stands before the first bar. */
    private static Stream<String[]> rows() throws IOException {
        return Files.readAllLines(REFERENCE).stream()
                .filter(line -> line.startsWith("| `relay."))
                .map(line -> line.split("\\|"));
    }

    private static String plain(String cell) {
        return cell.strip().replace("`", "");
    }

    private static Row row(ConfigKey key) {
        String shown = key.pattern().replace("relay.jobs.*", "relay.jobs.<id>").replace("*", "<name>");
        // A number in the middle of a variable would be taken for an index, so it stands between double underscores.
        String variable = shown.replace("<id>", ".<id>.")
                .replaceAll("[^A-Za-z0-9<>]", "_")
                .toUpperCase(Locale.ROOT);
        return new Row(shown, variable, type(key), byDefault(key));
    }

    private static String byDefault(ConfigKey key) {
        // A key of the API is a whole entry: nothing is required beside it.
        boolean required = key.required() && !key.pattern().endsWith("*");
        return Objects.requireNonNullElse(key.defaultValue(), required ? "required" : "none");
    }

    private static String type(ConfigKey key) {
        Class<?> type = key.type();
        if (type.isEnum()) {
            return Arrays.stream(type.getEnumConstants())
                    .map(constant -> constant.toString().toLowerCase(Locale.ROOT))
                    .collect(Collectors.joining(", ", "one of ", ""));
        }
        boolean number = type == int.class || type == long.class || type == Long.class;
        if (key.many()) {
            return number ? "list of numbers" : "list of text";
        }
        if (number) {
            return "whole number";
        }
        if (type == double.class || type == Double.class) {
            return "number";
        }
        return type == Duration.class
                ? "duration"
                : type == boolean.class || type == Boolean.class
                        ? "true or false"
                        : type == URI.class ? "URL" : type == Path.class ? "path" : "text";
    }
}

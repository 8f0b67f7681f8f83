package org.dbtrelay.docs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A document of this project, in Markdown, as the tests that hold it against the code read it. */
public final class Document {

    private static final Pattern HEADING = Pattern.compile("(#{1,6}) (.+)");
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");
    private static final Pattern LINK = Pattern.compile("(?<!!)\\[[^]]*]\\(([^)\\s]+)\\)");
    private static final String FENCE = "```";

    private final Path file;
    private final List<String> lines;

    private Document(Path file, List<String> lines) {
        this.file = file;
        this.lines = lines;
    }

    /** The document at a path below the project's directory. */
    public static Document at(String path) {
        return at(Path.of(path));
    }

    static Document at(Path file) {
        try {
            return new Document(file, Files.readAllLines(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The documents at the top, that of {@code deploy}, and all in {@code docs}. */
    static List<Document> all() {
        try (Stream<Path> files = Files.list(Path.of("docs"))) {
            return Stream.concat(
                            Stream.of("README.md", "CONTRIBUTING.md", "SECURITY.md", "deploy/README.md")
                                    .map(Path::of),
                            files.filter(file -> file.toString().endsWith(".md"))
                                    .sorted())
                    .map(Document::at)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path file() {
        return file;
    }

    /** What stands in code marks in the first column of the tables under a heading, up to the next heading of any level. */
    public Set<String> firstColumn(String heading) {
        Set<String> codes = new LinkedHashSet<>();
        for (String line : section(heading)) {
            if (line.startsWith("|")) {
                CODE.matcher(line.split("(?<!\\\\)\\|", -1)[1])
                        .results()
                        .map(found -> found.group(1))
                        .forEach(codes::add);
            }
        }
        return codes;
    }

    /** The row of a table that has {@code first} in code marks in its first column; empty if there is none. */
    public String row(String first) {
        return lines.stream()
                .filter(line -> line.startsWith("| `" + first + "` |"))
                .findFirst()
                .orElse("");
    }

    /** The examples in a language, such as {@code json}. */
    public List<String> examples(String language) {
        List<String> examples = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).equals(FENCE + language)) {
                int end = i + 1 + lines.subList(i + 1, lines.size()).indexOf(FENCE);
                examples.add(String.join("\n", lines.subList(i + 1, end)));
            }
        }
        return examples;
    }

    /** Where its links lead, as written. */
    List<String> links() {
        return prose().stream()
                .flatMap(line -> LINK.matcher(line).results())
                .map(found -> found.group(1))
                .toList();
    }

    /** The anchors of its headings, as GitHub makes them. */
    public Set<String> anchors() {
        return prose().stream()
                .map(HEADING::matcher)
                .filter(java.util.regex.Matcher::matches)
                .map(heading -> heading.group(2)
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\p{L}\\p{N} _-]", "")
                        .replace(' ', '-'))
                .collect(Collectors.toSet());
    }

    /** What a pattern finds anywhere in it, examples included. */
    public Stream<MatchResult> find(Pattern pattern) {
        return lines.stream().flatMap(line -> pattern.matcher(line).results());
    }

    private List<String> section(String heading) {
        int begin = -1;
        for (int i = 0; i < lines.size() && begin < 0; i++) {
            if (lines.get(i).matches("#{1,6} " + Pattern.quote(heading))) {
                begin = i + 1;
            }
        }
        if (begin < 0) {
            throw new AssertionError(file + " has no heading '" + heading + "'");
        }
        return lines.subList(begin, lines.size()).stream()
                .takeWhile(line -> !HEADING.matcher(line).matches())
                .toList();
    }

    /** Its lines without the examples. */
    private List<String> prose() {
        List<String> prose = new ArrayList<>();
        boolean example = false;
        for (String line : lines) {
            if (line.startsWith(FENCE)) {
                example = !example;
            } else if (!example) {
                prose.add(line);
            }
        }
        return prose;
    }

    @Override
    public String toString() {
        return file.toString();
    }
}

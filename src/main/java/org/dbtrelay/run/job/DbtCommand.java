package org.dbtrelay.run.job;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The dbt command of a run's step: what it does, as far as it matters for what it leaves behind.
 *
 * @param verb the command's word, in lower case, with its second word where it has one ({@code docs generate})
 * @param kind of the verb
 * @param writesCatalog it has the flag {@code --write-catalog} (Fusion)
 */
public record DbtCommand(String verb, Kind kind, boolean writesCatalog) {

    /** Kinds of commands. */
    public enum Kind {
        /** Builds or tests nodes. */
        BUILD,
        /** Looks how fresh the sources are. */
        FRESHNESS,
        /** Writes the catalog. */
        DOCS,
        /** Runs nodes of the project without building it: {@code compile}, {@code run-operation}, {@code show}. */
        EVALUATE,
        /** Reads the project, and no more: {@code parse}, {@code ls}. */
        PARSE,
        /** Anything else: prepares ({@code deps}), or copies ({@code clone}). */
        OTHER
    }

    /** Core's, Fusion's; the path in front and the ending of Windows are left out. */
    private static final Set<String> BINARIES = Set.of("dbt", "dbtf", "dbt-fusion");

    private static final Set<String> BUILDING = Set.of("build", "run", "test", "seed", "snapshot", "retry");
    private static final Set<String> MATERIALIZING = Set.of("build", "run", "seed", "snapshot");
    private static final Set<String> EVALUATING = Set.of("compile", "run-operation", "show");
    private static final Set<String> PARSING = Set.of("parse", "ls", "list");
    private static final Set<String> OTHERS =
            Set.of("deps", "clone", "clean", "debug", "init", "environment", "env", "lint", "system", "man");
    private static final Set<String> WITH_SECOND_WORD = Set.of("docs", "source");

    /**
     * Flags that may stand before the verb and have a value of their own (docs.getdbt.com, "About global configs" and the
     * references of the commands, Core to 1.11 and Fusion 2.0). Of others a word that is no verb is taken for the value.
     */
    private static final Set<String> WITH_VALUE = Set.of(
            "--config-dir",
            "--defer-state",
            "--event-buffer-size",
            "--exclude",
            "--indirect-selection",
            "--log-file-max-bytes",
            "--log-format",
            "--log-format-file",
            "--log-level",
            "--log-level-file",
            "--log-path",
            "--models",
            "--otel-file-name",
            "--otel-parquet-file-name",
            "--packages-install-path",
            "--printer-width",
            "--profile",
            "--profiles-dir",
            "--project-dir",
            "--record-timing-info",
            "--resource-type",
            "--sample",
            "--select",
            "--selector",
            "--state",
            "--static-analysis",
            "--target",
            "--target-path",
            "--threads",
            "--vars",
            "--warn-error-options",
            "-m",
            "-r",
            "-s",
            "-t");

    /** The command of a step, by its command or else by its name, where it stands in back-ticks; null: it is none. */
    public static @Nullable DbtCommand of(RunStep step) {
        @Nullable String command = step.dbtCommand();
        return parse(command == null || command.isBlank() ? quoted(step.name()) : command);
    }

    /** Whether such a command leaves a {@code run_results.json} of its own. */
    public boolean writesRunResults() {
        return switch (kind) {
            case BUILD, EVALUATE, DOCS -> true;
            case FRESHNESS, PARSE, OTHER -> false;
        };
    }

    /** Whether such a command makes tables and views, and so in dbt v2 on dbt Cloud a {@code catalog.json}. */
    public boolean materializes() {
        return MATERIALIZING.contains(verb);
    }

    /** Whether such a command reads the project, and so leaves a {@code manifest.json}. */
    public boolean parses() {
        return switch (kind) {
            case BUILD, EVALUATE, DOCS, FRESHNESS, PARSE -> true;
            case OTHER -> false;
        };
    }

    private static String quoted(String name) {
        int begin = name.indexOf('`');
        int end = name.lastIndexOf('`');
        return begin < end ? name.substring(begin + 1, end) : name;
    }

    private static @Nullable DbtCommand parse(String text) {
        List<String> words = words(text);
        if (words.isEmpty() || !BINARIES.contains(binary(words.getFirst()))) {
            return null;
        }
        int verb = nextWord(words, 1);
        if (verb == words.size()) {
            return new DbtCommand("", Kind.OTHER, false);
        }
        String first = words.get(verb).toLowerCase(Locale.ROOT);
        int second = WITH_SECOND_WORD.contains(first) ? nextWord(words, verb + 1) : words.size();
        String both =
                second == words.size() ? first : first + " " + words.get(second).toLowerCase(Locale.ROOT);
        return new DbtCommand(both, kind(both), words.contains("--write-catalog"));
    }

    /** The place of the next word that is neither a flag nor the value of one. */
    private static int nextWord(List<String> words, int from) {
        boolean afterFlag = false;
        for (int i = from; i < words.size(); i++) {
            String word = words.get(i);
            if (word.startsWith("-")) {
                boolean takesNext = WITH_VALUE.contains(word);
                i += takesNext ? 1 : 0;
                afterFlag = !takesNext && !word.contains("=");
            } else if (!afterFlag || isVerb(word.toLowerCase(Locale.ROOT))) {
                return i;
            } else {
                afterFlag = false;
            }
        }
        return words.size();
    }

    private static boolean isVerb(String word) {
        return BUILDING.contains(word)
                || EVALUATING.contains(word)
                || PARSING.contains(word)
                || OTHERS.contains(word)
                || WITH_SECOND_WORD.contains(word)
                || Set.of("generate", "serve", "freshness", "snapshot-freshness")
                        .contains(word);
    }

    private static Kind kind(String verb) {
        if (BUILDING.contains(verb)) {
            return Kind.BUILD;
        }
        if (EVALUATING.contains(verb)) {
            return Kind.EVALUATE;
        }
        if (PARSING.contains(verb)) {
            return Kind.PARSE;
        }
        return switch (verb) {
            case "docs generate" -> Kind.DOCS;
            case "source freshness", "source snapshot-freshness" -> Kind.FRESHNESS;
            default -> Kind.OTHER;
        };
    }

    private static String binary(String word) {
        String name = word.substring(Math.max(word.lastIndexOf('/'), word.lastIndexOf('\\')) + 1)
                .toLowerCase(Locale.ROOT);
        return name.endsWith(".exe") ? name.substring(0, name.length() - 4) : name;
    }

    /** The words as a shell would cut them; a quote that is not closed goes to the end. */
    private static List<String> words(String text) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        boolean begun = false;
        char quote = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\' && quote != '\'' && i + 1 < text.length()) {
                word.append(text.charAt(++i));
                begun = true;
            } else if (quote != 0 ? c == quote : c == '"' || c == '\'') {
                quote = quote == 0 ? c : 0;
                begun = true;
            } else if (quote == 0 && Character.isWhitespace(c)) {
                if (begun) {
                    words.add(word.toString());
                    word.setLength(0);
                    begun = false;
                }
            } else {
                word.append(c);
                begun = true;
            }
        }
        if (begun) {
            words.add(word.toString());
        }
        return words;
    }
}

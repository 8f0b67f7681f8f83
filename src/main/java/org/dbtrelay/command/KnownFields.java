package org.dbtrelay.command;

import static org.dbtrelay.command.Verb.CANCEL;
import static org.dbtrelay.command.Verb.FOLLOW;
import static org.dbtrelay.command.Verb.RETRY;
import static org.dbtrelay.command.Verb.TRIGGER;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.dbtrelay.config.Spelling;
import org.dbtrelay.run.command.Overrides;
import org.jspecify.annotations.Nullable;

/** The known fields of each verb. Other fields are refused: a typo must not run a job with the wrong options. */
final class KnownFields {

    private static final Map<String, Set<Verb>> VERBS = Collections.unmodifiableMap(new TreeMap<>(Map.ofEntries(
            field("command", TRIGGER, RETRY, CANCEL, FOLLOW),
            field("command_id", TRIGGER, RETRY, CANCEL, FOLLOW),
            field("connection", TRIGGER, RETRY, CANCEL, FOLLOW),
            field("account_id", TRIGGER, RETRY, CANCEL, FOLLOW),
            field("job_id", TRIGGER, RETRY),
            field("project_name", TRIGGER, RETRY),
            field("environment_name", TRIGGER, RETRY),
            field("job_name", TRIGGER, RETRY),
            field("run_id", RETRY, CANCEL, FOLLOW),
            field("target_command_id", RETRY, CANCEL),
            field("cause", TRIGGER),
            field("steps_override", TRIGGER),
            field("schema_override", TRIGGER),
            field("additional_run_config", TRIGGER),
            field("retry_from_failure", TRIGGER),
            field("if_running", TRIGGER),
            field("poll_interval", TRIGGER, RETRY, FOLLOW),
            field("timeout", TRIGGER, RETRY, FOLLOW),
            field("on_timeout", TRIGGER, RETRY, FOLLOW),
            field("on_unclear", TRIGGER, RETRY),
            field("on_failure", TRIGGER, RETRY),
            field("coalesce", TRIGGER),
            field("expires_at", TRIGGER, RETRY, CANCEL, FOLLOW),
            field("dry_run", TRIGGER),
            field("artifacts", TRIGGER, RETRY, FOLLOW),
            field("expected_statuses", FOLLOW),
            field("context", TRIGGER, RETRY, CANCEL, FOLLOW))));

    private static final String MEANT = " was probably meant";

    /** The fields by their words, and what others call them. */
    private static final Map<String, String> BY_WORD = byWord(
            VERBS.keySet(),
            Map.of(
                    "id", "command_id",
                    "job", "job_id",
                    "run", "run_id",
                    "account", "account_id",
                    "steps", "steps_override",
                    "schema", "schema_override",
                    "runconfig", "additional_run_config"));

    private static final Map<String, String> RUN_CONFIG = byWord(Overrides.DOCUMENTED_RUN_CONFIG, Map.of());

    private static final Map<String, String> ELSEWHERE = Map.of(
            "traceparent", "it is a header, not a field",
            "tracestate", "it is a header, not a field",
            "key", "the record key stands beside the command, not in it",
            "path", "it belongs into an object in artifacts",
            "step", "it belongs into an object in artifacts");

    private KnownFields() {}

    private static Map.Entry<String, Set<Verb>> field(String name, Verb first, Verb... more) {
        return Map.entry(name, Collections.unmodifiableSet(EnumSet.of(first, more)));
    }

    /** All of them. */
    static Set<String> names() {
        return VERBS.keySet();
    }

    /** Those that a command of this verb may have. */
    static Set<String> of(Verb verb) {
        return VERBS.entrySet().stream()
                .filter(field -> field.getValue().contains(verb))
                .map(Map.Entry::getKey)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Refuses a field that nobody knows, and one that is for other verbs, unless it is null: that counts as absent. */
    static void check(ObjectNode command, Verb verb) throws BadField {
        for (Iterator<String> all = command.fieldNames(); all.hasNext(); ) {
            String name = all.next();
            @Nullable Set<Verb> verbs = VERBS.get(name);
            if (verbs == null) {
                throw unknown(name, verb);
            }
            if (!verbs.contains(verb) && command.hasNonNull(name)) {
                throw new BadField(
                        name,
                        "is not for " + verb.word() + ", only for "
                                + verbs.stream().map(Verb::word).collect(Collectors.joining(" and ")));
            }
        }
    }

    private static BadField unknown(String name, Verb verb) {
        String word = word(name);
        @Nullable String field = BY_WORD.get(word);
        @Nullable String place = ELSEWHERE.get(word);
        String meant;
        if (field != null) {
            meant = "; " + field + MEANT;
        } else if (RUN_CONFIG.containsKey(word)) {
            meant = ofRunConfig(word, verb);
        } else if (place != null) {
            meant = "; " + place;
        } else {
            meant = Spelling.nearest(
                            word, of(verb).stream().map(KnownFields::word).toList())
                    .or(() -> Spelling.nearest(word, BY_WORD.keySet()))
                    .map(nearest -> "; " + BY_WORD.get(nearest) + MEANT)
                    .or(() -> Spelling.nearest(word, RUN_CONFIG.keySet()).map(nearest -> ofRunConfig(nearest, verb)))
                    .orElseGet(() -> "; known for " + verb.word() + " are " + of(verb));
        }
        return new BadField(Quoted.text(name), "is not a field of a command" + meant);
    }

    private static String ofRunConfig(String word, Verb verb) {
        return "; it belongs into additional_run_config" + (verb == TRIGGER ? "" : " of a trigger") + ", as "
                + RUN_CONFIG.get(word);
    }

    /** A name without what spellings differ in: {@code commandId}, {@code command-id} and {@code command_id} are one. */
    private static String word(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[-_. ]", "");
    }

    private static Map<String, String> byWord(Set<String> names, Map<String, String> others) {
        Map<String, String> byWord = new TreeMap<>(others);
        names.forEach(name -> byWord.put(word(name), name));
        return Collections.unmodifiableMap(byWord);
    }
}

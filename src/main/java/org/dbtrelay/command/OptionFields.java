package org.dbtrelay.command;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.dbtrelay.run.command.ArtifactWish;
import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.command.RequestedOptions;
import org.jspecify.annotations.Nullable;

/** The fields with the options of a command. */
final class OptionFields {

    private static final String ARTIFACTS = "artifacts";
    private static final int LONGEST_PATH = 500;
    private static final int LAST_STEP = 1_000;
    private static final String RULE =
            "must hold only strings of 1 to " + LONGEST_PATH + " characters, and objects of such a path and a step";

    private OptionFields() {}

    static RequestedOptions read(Fields fields) throws BadField {
        return new RequestedOptions(
                fields.duration("poll_interval", Duration.ofSeconds(1), Duration.ofHours(1)),
                fields.duration("timeout", Duration.ofSeconds(1), Duration.ofDays(30)),
                whether(fields.choice("on_timeout", List.of("cancel", "abandon")), "cancel"),
                whether(fields.choice("on_unclear", List.of("retry", "park")), "park"),
                ifRunning(fields),
                artifacts(fields),
                OnFailureField.read(fields),
                CoalesceField.read(fields),
                null);
    }

    private static @Nullable IfRunning ifRunning(Fields fields) throws BadField {
        List<String> words = Arrays.stream(IfRunning.values())
                .map(word -> word.name().toLowerCase(Locale.ROOT))
                .toList();
        @Nullable String word = fields.choice("if_running", words);
        return word == null ? null : IfRunning.valueOf(word.toUpperCase(Locale.ROOT));
    }

    private static @Nullable List<ArtifactWish> artifacts(Fields fields) throws BadField {
        @Nullable List<JsonNode> elements = fields.list(ARTIFACTS, 0, 50, "paths");
        if (elements == null) {
            return null;
        }
        Set<ArtifactWish> requested = new LinkedHashSet<>();
        for (JsonNode element : elements) {
            ArtifactWish wish = artifact(element);
            if (!requested.add(wish)) {
                throw new BadField(
                        ARTIFACTS, "must not hold a path twice; found '" + Quoted.text(wish.path()) + "' again");
            }
        }
        return List.copyOf(requested);
    }

    private static ArtifactWish artifact(JsonNode element) throws BadField {
        if (element.isTextual()) {
            return ArtifactWish.of(path(element));
        }
        if (!element.isObject()) {
            throw new BadField(ARTIFACTS, RULE + "; found " + Quoted.kind(element));
        }
        JsonNode step = element.path("step");
        if (element.size() != 2 || !element.has("path") || !element.has("step")) {
            throw new BadField(ARTIFACTS, RULE + "; found an object with other members");
        }
        if (!step.isInt() || step.intValue() < 1 || step.intValue() > LAST_STEP) {
            throw new BadField(
                    ARTIFACTS,
                    "must name a step by its number, 1 to " + LAST_STEP + "; found "
                            + (step.isIntegralNumber() ? Quoted.text(step.asText()) : Quoted.kind(step)));
        }
        return new ArtifactWish(path(element.path("path")), step.intValue());
    }

    private static String path(JsonNode element) throws BadField {
        if (!element.isTextual()) {
            throw new BadField(ARTIFACTS, RULE + "; found " + Quoted.kind(element));
        }
        String path = element.textValue();
        if (path.isBlank() || path.length() > LONGEST_PATH) {
            throw new BadField(ARTIFACTS, RULE + "; found " + (path.isBlank() ? "a blank one" : "a longer one"));
        }
        @Nullable String fault = ArtifactWish.faultOf(path);
        if (fault != null) {
            throw new BadField(ARTIFACTS, "must hold paths " + fault + "; found '" + Quoted.text(path) + "'");
        }
        return path;
    }

    private static @Nullable Boolean whether(@Nullable String choice, String wanted) {
        return choice == null ? null : Boolean.valueOf(choice.equals(wanted));
    }
}

package org.dbtrelay.command;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.dbtrelay.run.command.OnFailure;
import org.jspecify.annotations.Nullable;

/** The field {@code on_failure}: an object whose members may be absent, one by one. */
final class OnFailureField {

    private static final String NAME = "on_failure";
    private static final List<String> MEMBERS = List.of("retries", "delay", "backoff", "when", "how");

    private OnFailureField() {}

    /** What the command says; null: nothing. */
    static OnFailure.@Nullable Requested read(Fields fields) throws BadField {
        @Nullable Fields members = fields.members(NAME, MEMBERS);
        if (members == null) {
            return null;
        }
        try {
            return new OnFailure.Requested(
                    retries(members.node("retries")),
                    members.duration("delay", Duration.ZERO, OnFailure.LONGEST_DELAY),
                    backoff(members.node("backoff")),
                    choice(members, "when", OnFailure.When.class),
                    choice(members, "how", OnFailure.How.class));
        } catch (BadField e) {
            throw e.within(NAME);
        }
    }

    private static @Nullable Integer retries(@Nullable JsonNode node) throws BadField {
        if (node == null) {
            return null;
        }
        if (!node.isInt() || node.intValue() < 0 || node.intValue() > OnFailure.MOST_RETRIES) {
            throw new BadField(
                    "retries", "must be an integer from 0 to " + OnFailure.MOST_RETRIES + "; found " + found(node));
        }
        return node.intValue();
    }

    private static @Nullable Double backoff(@Nullable JsonNode node) throws BadField {
        if (node == null) {
            return null;
        }
        if (!node.isNumber() || node.doubleValue() < 1 || node.doubleValue() > OnFailure.LARGEST_BACKOFF) {
            throw new BadField(
                    "backoff",
                    "must be a number from 1 to " + (int) OnFailure.LARGEST_BACKOFF + "; found " + found(node));
        }
        return node.doubleValue();
    }

    private static String found(JsonNode node) {
        return node.isNumber() ? Quoted.text(node.asText()) : Quoted.kind(node);
    }

    private static <E extends Enum<E>> @Nullable E choice(Fields members, String name, Class<E> type) throws BadField {
        List<String> words = Arrays.stream(type.getEnumConstants())
                .map(each -> each.name().toLowerCase(Locale.ROOT))
                .toList();
        @Nullable String word = members.choice(name, words);
        return word == null ? null : Enum.valueOf(type, word.toUpperCase(Locale.ROOT));
    }
}

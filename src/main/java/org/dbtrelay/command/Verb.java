package org.dbtrelay.command;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The words that {@code command} may hold. */
enum Verb {
    TRIGGER,
    RETRY,
    CANCEL,
    FOLLOW;

    /** As it stands in a command. */
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** All of them, as they stand in commands. */
    static List<String> words() {
        return Arrays.stream(values()).map(Verb::word).toList();
    }

    static @Nullable Verb of(String word) {
        for (Verb verb : values()) {
            if (verb.word().equals(word)) {
                return verb;
            }
        }
        return null;
    }
}

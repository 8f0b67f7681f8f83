package org.dbtrelay.command;

import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.dbtrelay.run.IfRunning;
import org.dbtrelay.run.Wishes;
import org.jspecify.annotations.Nullable;

/** The fields that say how it is to be done. */
final class WishFields {

    private WishFields() {}

    static Wishes read(Fields fields) throws BadField {
        return new Wishes(
                fields.duration("poll_interval", Duration.ofSeconds(1), Duration.ofHours(1)),
                fields.duration("timeout", Duration.ofSeconds(1), Duration.ofDays(30)),
                whether(fields.choice("on_timeout", List.of("cancel", "abandon")), "cancel"),
                whether(fields.choice("on_unclear", List.of("retry", "park")), "park"),
                ifRunning(fields),
                artifacts(fields));
    }

    private static @Nullable IfRunning ifRunning(Fields fields) throws BadField {
        List<String> words = Arrays.stream(IfRunning.values())
                .map(word -> word.name().toLowerCase(Locale.ROOT))
                .toList();
        @Nullable String word = fields.choice("if_running", words);
        return word == null ? null : IfRunning.valueOf(word.toUpperCase(Locale.ROOT));
    }

    private static @Nullable List<String> artifacts(Fields fields) throws BadField {
        @Nullable List<String> paths = fields.texts("artifacts", 0, 50, 500);
        if (paths == null) {
            return null;
        }
        Set<String> seen = new HashSet<>();
        for (String path : paths) {
            if (path.startsWith("/")
                    || path.contains("\\")
                    || List.of(path.split("/", -1)).contains("..")) {
                throw new BadField(
                        "artifacts",
                        "must hold paths relative to dbt's target directory; found '" + Shown.text(path) + "'");
            }
            if (!seen.add(path)) {
                throw new BadField("artifacts", "must not hold a path twice; found '" + Shown.text(path) + "' again");
            }
        }
        return paths;
    }

    private static @Nullable Boolean whether(@Nullable String choice, String wanted) {
        return choice == null ? null : Boolean.valueOf(choice.equals(wanted));
    }
}

package org.dbtrelay.lineage.project;

import org.dbtrelay.dbtcloud.redaction.Redaction;
import org.jspecify.annotations.Nullable;

/** Bounds texts of artifacts. */
final class Text {

    private Text() {}

    /** A name without control characters; null if it is blank, longer than that, or null. */
    static @Nullable String within(int longest, @Nullable String name) {
        return name == null || name.isBlank() || name.length() > longest
                ? null
                : Redaction.withoutControl(longest, name);
    }

    /** The beginning of a text for people, without secrets; null if it is blank or null. */
    static @Nullable String beginning(int longest, @Nullable String text) {
        return text == null || text.isBlank() ? null : Redaction.beginning(longest, text.strip());
    }
}

package org.dbtrelay.command;

import java.time.Duration;
import java.util.List;
import org.dbtrelay.run.command.Coalesce;
import org.jspecify.annotations.Nullable;

/** The field {@code coalesce}: an object whose members may be absent, one by one. */
final class CoalesceField {

    private static final String NAME = "coalesce";
    private static final List<String> MEMBERS = List.of("enabled", "quiet", "at_most");

    private CoalesceField() {}

    /** What the command says; null: nothing. */
    static Coalesce.@Nullable Requested read(Fields fields) throws BadField {
        @Nullable Fields members = fields.members(NAME, MEMBERS);
        if (members == null) {
            return null;
        }
        try {
            return new Coalesce.Requested(
                    members.flag("enabled"),
                    members.duration("quiet", Duration.ZERO, Coalesce.LONGEST_QUIET),
                    members.duration("at_most", Duration.ZERO, Coalesce.LONGEST_WINDOW));
        } catch (BadField e) {
            throw e.within(NAME);
        }
    }
}

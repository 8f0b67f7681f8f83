package org.dbtrelay.ledger.intake;

import org.dbtrelay.run.decide.Input;
import org.jspecify.annotations.Nullable;

/**
 * An input in an owner's mailbox.
 *
 * @param origin the record that it came from; null for answers and for what the clock brings
 */
public record MailboxItem(Input input, @Nullable SourceRecord origin) {

    /** An answer. */
    public static MailboxItem of(Input input) {
        return new MailboxItem(input, null);
    }

    /** How large the record was that it came from; 0 without one. */
    public int bytes() {
        return origin == null || origin.record().value() == null
                ? 0
                : origin.record().value().length;
    }
}

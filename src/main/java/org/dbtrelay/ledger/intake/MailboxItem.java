package org.dbtrelay.ledger.intake;

import org.dbtrelay.run.decide.Input;
import org.jspecify.annotations.Nullable;

/**
 * An input in an owner's mailbox.
 *
 * @param origin the record that holds the input; null for answers and timers
 */
public record MailboxItem(Input input, @Nullable SourceRecord origin) {

    /** An answer. */
    public static MailboxItem of(Input input) {
        return new MailboxItem(input, null);
    }

    /** The size of the record's value in bytes; 0 without a record. */
    public int bytes() {
        return origin == null || origin.record().value() == null
                ? 0
                : origin.record().value().length;
    }
}

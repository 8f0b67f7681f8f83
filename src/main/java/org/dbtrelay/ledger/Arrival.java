package org.dbtrelay.ledger;

import org.dbtrelay.run.Input;
import org.jspecify.annotations.Nullable;

/**
 * An input in an owner's mailbox.
 *
 * @param origin the record that it came from; null for answers and for what the clock brings
 */
public record Arrival(Input input, @Nullable Origin origin) {

    /** An answer. */
    public static Arrival of(Input input) {
        return new Arrival(input, null);
    }
}

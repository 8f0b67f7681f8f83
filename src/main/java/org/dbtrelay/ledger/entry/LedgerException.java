package org.dbtrelay.ledger.entry;

import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/** The ledger could not be read or written. Whatever it was, the claim is over: drop the memory, claim again, read again. */
public final class LedgerException extends Exception {

    private static final long serialVersionUID = 1L;

    /** What it means for the owner. */
    public enum Kind {
        /** Another owner has claimed the partition. */
        FENCED,
        /** It is not known what became of it: no broker, a time-out, a fault. */
        LOST,
        /** The broker refused a record, for its size or because its topic does not allow it. The same one would be refused again. */
        REFUSED,
        /** What the ledger holds cannot be understood or cannot be true; reading again will not help. */
        DEGRADED
    }

    private final Kind kind;
    private final transient List<ProducerRecord<byte[], byte[]>> refused;

    public LedgerException(
            Kind kind, String message, @Nullable Throwable cause, List<ProducerRecord<byte[], byte[]>> refused) {
        super(message, cause);
        this.kind = kind;
        this.refused = List.copyOf(refused);
    }

    public LedgerException(Kind kind, String message, @Nullable Throwable cause) {
        this(kind, message, cause, List.of());
    }

    public LedgerException(Kind kind, String message) {
        this(kind, message, null);
    }

    /** The very records that the broker refused; empty unless it told which. */
    public List<ProducerRecord<byte[], byte[]>> refused() {
        return refused;
    }

    /** Why, in the broker's words if it has said any. */
    public String why() {
        return String.valueOf(getCause() == null ? getMessage() : getCause().getMessage());
    }

    /** What it means for the owner. */
    public Kind kind() {
        return kind;
    }
}

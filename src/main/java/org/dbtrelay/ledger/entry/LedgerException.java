package org.dbtrelay.ledger.entry;

import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/** The ledger could not be read or written. The claim is over in any case: drop the memory, claim again, read again. */
public final class LedgerException extends Exception {

    private static final long serialVersionUID = 1L;

    /** The consequence for the owner. */
    public enum Kind {
        /** Another owner has claimed the partition. */
        FENCED,
        /** The result is unknown: no broker answered, a call timed out, or an internal error occurred. */
        LOST,
        /** The broker refused a record, for its size or because its topic does not allow it. It would refuse the same record again. */
        REFUSED,
        /** The ledger cannot be understood or cannot be true; reading it again will not help. */
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

    /** The records that the broker refused; empty unless it named them. */
    public List<ProducerRecord<byte[], byte[]>> refused() {
        return refused;
    }

    /** The reason, in the broker's words if there are any. */
    public String why() {
        return String.valueOf(getCause() == null ? getMessage() : getCause().getMessage());
    }

    /** The consequence for the owner. */
    public Kind kind() {
        return kind;
    }
}

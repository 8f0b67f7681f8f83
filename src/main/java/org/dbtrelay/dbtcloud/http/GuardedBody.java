package org.dbtrelay.dbtcloud.http;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;

/**
 * The body of a request that must surely be sent once or surely not at all. It is asked for its bytes when the connection
 * stands and the next thing is the request itself ({@link GuardedBodyWriter}); only there is the send window checked, so
 * no wait for DNS, TCP, TLS or a thaw of the process lies between the check and the request. A caller that gives up waiting
 * {@linkplain #withdraw() withdraws} it and learns whether it was too late for that.
 */
public final class GuardedBody {

    /** The request was not sent because it was too late for it. */
    public static final class Stopped extends IOException {
        private static final long serialVersionUID = 1L;

        /** Nothing was sent. */
        public Stopped() {
            super("The request was stopped before it was sent: its send window had passed.");
        }
    }

    private enum Stage {
        HELD,
        RELEASED,
        WITHDRAWN
    }

    private final byte[] json;
    private final BooleanSupplier stillAllowed;
    private final AtomicReference<Stage> stage = new AtomicReference<>(Stage.HELD);

    /** {@code stillAllowed} is asked right before the request; it must not block. */
    public GuardedBody(byte[] json, BooleanSupplier stillAllowed) {
        this.json = json;
        this.stillAllowed = stillAllowed;
    }

    /** The body; empty if the request has none. */
    public byte[] json() {
        return json;
    }

    /** True at most once: the request may go out now, and from here on counts as sent. */
    public boolean release() {
        if (!stillAllowed.getAsBoolean()) {
            withdraw();
            return false;
        }
        return stage.compareAndSet(Stage.HELD, Stage.RELEASED);
    }

    /** Stops the request for good if it has not been released. True if no byte of it has left or will leave. */
    boolean withdraw() {
        return stage.compareAndSet(Stage.HELD, Stage.WITHDRAWN) || stage.get() == Stage.WITHDRAWN;
    }
}

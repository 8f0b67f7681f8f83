package org.dbtrelay.artifact;

import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedByInterruptException;
import software.amazon.awssdk.core.exception.AbortedException;

/** Tells an interruption of the thread from the trouble that calls, streams and channels report it as. */
public final class Interruption {

    private Interruption() {}

    /**
     * Throws if what failed did so because the thread was interrupted. The client and channels leave the thread marked,
     * the client's streams and the AWS SDK throw an exception of their own.
     */
    public static void rethrow(Exception failed) throws InterruptedException {
        boolean told = failed instanceof ClosedByInterruptException
                || failed instanceof AbortedException
                || (failed instanceof InterruptedIOException && !(failed instanceof SocketTimeoutException));
        if (Thread.interrupted() || told) {
            InterruptedException interrupted = new InterruptedException("while an artifact came in");
            interrupted.initCause(failed);
            throw interrupted;
        }
    }
}

package org.dbtrelay.emulator;

/**
 * Compares a request and its answer with something that the emulator itself does not know. The emulator has none; a program that
 * embeds it may add some as services ({@link java.util.ServiceLoader}).
 */
interface ExchangeCheck {

    /**
     * Called in strict mode for each request that the emulator has carried out.
     *
     * @throws IllegalStateException if the two are not as they should be; the client then gets status 599
     */
    void check(Request request, Answer answer);
}

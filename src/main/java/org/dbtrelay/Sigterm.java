package org.dbtrelay;

import java.lang.reflect.Proxy;

/**
 * The exit code after a SIGTERM. A JVM ends with 143 after a stop in good order as after any other, and platforms take every
 * code but 0 for a failure.
 */
final class Sigterm {

    private Sigterm() {}

    /**
     * From now on a SIGTERM ends this JVM as before, with all its shutdown hooks, and with this exit code. Where signals are
     * not ours to handle (a JVM with {@code -Xrs}, another maker's) it stays as it was, 143.
     */
    static void exitsWith(int status) {
        try {
            // By reflection, because the compiler warns of sun.misc and cannot be asked not to; module jdk.unsupported
            // exports it.
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object exit = Proxy.newProxyInstance(
                    Sigterm.class.getClassLoader(), new Class<?>[] {handler}, (self, method, arguments) -> {
                        if (method.getName().equals("handle")) {
                            Runtime.getRuntime().exit(status);
                        }
                        return null;
                    });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance("TERM"), exit);
        } catch (ReflectiveOperationException e) {
            System.err.println(
                    "SIGTERM will give the JVM's own exit code, 143: " + (e.getCause() == null ? e : e.getCause()));
        }
    }
}

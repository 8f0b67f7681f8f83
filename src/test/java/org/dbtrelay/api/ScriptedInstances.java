package org.dbtrelay.api;

import jakarta.ws.rs.core.Response;
import java.lang.reflect.Proxy;
import java.util.function.BiFunction;

/** Other instances as a test writes them. No class: Quarkus would take one with these paths for a resource of the application. */
final class ScriptedInstances {

    private ScriptedInstances() {}

    /**
     * A client of the others.
     *
     * @param answer to an instance, by its address, and the last argument of the call: the query, or the scope
     */
    static InstanceApi answering(BiFunction<String, Object, Response> answer) {
        return answering(answer, () -> {});
    }

    /** {@code closed}: called when the client is closed. */
    static InstanceApi answering(BiFunction<String, Object, Response> answer, Runnable closed) {
        return (InstanceApi) Proxy.newProxyInstance(
                ScriptedInstances.class.getClassLoader(),
                new Class<?>[] {InstanceApi.class},
                (proxy, called, arguments) -> {
                    if (called.getName().equals("close")) {
                        closed.run();
                        return null;
                    }
                    return answer.apply((String) arguments[0], arguments[arguments.length - 1]);
                });
    }
}

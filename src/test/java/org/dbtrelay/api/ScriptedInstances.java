package org.dbtrelay.api;

import jakarta.ws.rs.core.Response;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Map;

/**
 * Other instances that answer as a test says. No class here implements {@link InstanceApi}: the application that other tests start
 * would take it for a resource of its own.
 */
final class ScriptedInstances {

    private ScriptedInstances() {}

    /** What instances answer. */
    interface Script {
        /**
         * An answer.
         *
         * @param question the method of {@link InstanceApi}
         * @param instance its address
         * @param query of a question that has one as a map; else empty
         */
        Response answer(String question, String instance, Map<?, ?> query);
    }

    static InstanceApi answering(Script script) {
        return (InstanceApi) Proxy.newProxyInstance(
                InstanceApi.class.getClassLoader(),
                new Class<?>[] {InstanceApi.class},
                (proxy, method, arguments) -> method.getName().equals("close")
                        ? null
                        : script.answer(method.getName(), String.valueOf(arguments[0]), query(arguments)));
    }

    private static Map<?, ?> query(Object[] arguments) {
        return Arrays.stream(arguments)
                .filter(Map.class::isInstance)
                .<Map<?, ?>>map(Map.class::cast)
                .findFirst()
                .orElse(Map.of());
    }
}

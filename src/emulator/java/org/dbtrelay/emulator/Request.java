package org.dbtrelay.emulator;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request as it came.
 *
 * @param path still percent-encoded
 * @param headers names in lower case
 * @param strict whether only that is taken which dbt Cloud's documents have
 */
@SuppressWarnings("ArrayRecordComponent")
record Request(
        String method,
        String path,
        Query query,
        Map<String, String> headers,
        byte[] body,
        Endpoint endpoint,
        Map<String, String> variables,
        boolean strict) {

    /** The number in the path under that name, or null. */
    @Nullable
    Long number(String variable) {
        String text = variables.get(variable);
        return text == null ? null : Long.valueOf(text);
    }

    /** The number in the path under that name, which the endpoint has. */
    long id(String variable) {
        return Long.parseLong(variables.get(variable));
    }
}

package org.dbtrelay.emulator;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** An answer as it is to be sent. */
record Answer(int status, Map<String, String> headers, Content content) {
    static final String JSON = "application/json";
    static final String HTML = "text/html; charset=utf-8";

    static Answer of(int status, String contentType, String text) {
        return of(status, contentType, new Content.Bytes(text.getBytes(StandardCharsets.UTF_8)));
    }

    static Answer of(int status, String contentType, Content content) {
        return new Answer(status, Map.of("Content-Type", contentType), content);
    }

    Answer with(String header, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(header, value);
        return new Answer(status, more, content);
    }
}

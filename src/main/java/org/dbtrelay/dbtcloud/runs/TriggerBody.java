package org.dbtrelay.dbtcloud.runs;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import org.dbtrelay.dbtcloud.http.Envelope;
import org.dbtrelay.dbtcloud.http.Envelope.UnreadableAnswer;

/**
 * The body of a trigger. The further fields are passed on as they were written, their numbers to the digit: read as numbers,
 * 2.50 would become 2.5 and 1e400 infinite.
 */
final class TriggerBody {

    private TriggerBody() {}

    /**
     * The bytes.
     *
     * @throws IOException if the further fields are no JSON object
     */
    static byte[] of(TriggerRequest request) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator body = Envelope.JSON.createGenerator(bytes)) {
            body.writeStartObject();
            body.writeStringField("cause", request.cause());
            List<String> steps = request.stepsOverride();
            if (steps != null) {
                body.writeArrayFieldStart("steps_override");
                for (String step : steps) {
                    body.writeString(step);
                }
                body.writeEndArray();
            }
            if (request.schemaOverride() != null) {
                body.writeStringField("schema_override", request.schemaOverride());
            }
            String additional = request.additionalRunConfigJson();
            if (additional != null) {
                copyFields(additional, request, body);
            }
            body.writeEndObject();
        }
        return bytes.toByteArray();
    }

    private static void copyFields(String object, TriggerRequest request, JsonGenerator body) throws IOException {
        try (JsonParser fields = Envelope.JSON.createParser(object)) {
            if (fields.nextToken() != JsonToken.START_OBJECT) {
                throw new UnreadableAnswer("no object");
            }
            while (fields.nextToken() == JsonToken.FIELD_NAME) {
                String name = fields.currentName();
                fields.nextToken();
                if (isWritten(name, request)) {
                    fields.skipChildren();
                } else {
                    body.writeFieldName(name);
                    copy(fields, body);
                }
            }
            if (fields.currentToken() != JsonToken.END_OBJECT || fields.nextToken() != null) {
                throw new UnreadableAnswer("more than an object");
            }
        }
    }

    private static boolean isWritten(String name, TriggerRequest request) {
        return name.equals("cause")
                || (name.equals("steps_override") && request.stepsOverride() != null)
                || (name.equals("schema_override") && request.schemaOverride() != null);
    }

    /** As {@link JsonGenerator#copyCurrentStructure}, which makes a double of what is none. */
    private static void copy(JsonParser value, JsonGenerator body) throws IOException {
        int depth = 0;
        do {
            JsonToken token = value.currentToken();
            if (token == null) {
                throw new UnreadableAnswer("half an object");
            }
            if (token.isStructStart()) {
                depth++;
            } else if (token.isStructEnd()) {
                depth--;
            }
            if (token.isNumeric()) {
                body.writeNumber(value.getText());
            } else {
                body.copyCurrentEvent(value);
            }
            if (depth > 0) {
                value.nextToken();
            }
        } while (depth > 0);
    }
}

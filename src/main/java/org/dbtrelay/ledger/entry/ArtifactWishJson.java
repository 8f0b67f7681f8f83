package org.dbtrelay.ledger.entry;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import java.io.IOException;
import org.dbtrelay.run.command.ArtifactWish;

/** A wanted artifact as a command has it: its path, or an object where a step is named. */
final class ArtifactWishJson {

    private ArtifactWishJson() {}

    static final class Writer extends StdSerializer<ArtifactWish> {
        private static final long serialVersionUID = 1L;

        Writer() {
            super(ArtifactWish.class);
        }

        @Override
        public void serialize(ArtifactWish wish, JsonGenerator json, SerializerProvider provider) throws IOException {
            if (wish.step() == null) {
                json.writeString(wish.path());
                return;
            }
            json.writeStartObject(wish);
            json.writeStringField("path", wish.path());
            json.writeNumberField("step", wish.step());
            json.writeEndObject();
        }
    }

    static final class Reader extends StdDeserializer<ArtifactWish> {
        private static final long serialVersionUID = 1L;

        Reader() {
            super(ArtifactWish.class);
        }

        @Override
        public ArtifactWish deserialize(JsonParser json, DeserializationContext context) throws IOException {
            if (json.currentToken() == JsonToken.VALUE_STRING) {
                return ArtifactWish.of(json.getText());
            }
            JsonNode wish = json.readValueAsTree();
            if (!wish.path("path").isTextual() || !wish.path("step").isInt()) {
                context.reportInputMismatch(ArtifactWish.class, "neither a path nor a path with a step");
            }
            return new ArtifactWish(
                    wish.path("path").textValue(), wish.path("step").intValue());
        }
    }
}

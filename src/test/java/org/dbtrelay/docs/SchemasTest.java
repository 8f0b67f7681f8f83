package org.dbtrelay.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaId;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SpecVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.dbtrelay.testkit.Schemas;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whether the JSON Schemas are schemas, explain themselves, and agree with their own examples. */
class SchemasTest {

    static List<String> documents() {
        return Schemas.NAMES;
    }

    static Stream<Arguments> alternatives() {
        return Schemas.NAMES.stream()
                .flatMap(name -> Schemas.alternatives(name).stream().map(it -> Arguments.of(name, it)));
    }

    @ParameterizedTest
    @MethodSource("documents")
    void eachIsASchemaOfDraft202012(String name) {
        var meta = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
                .getSchema(SchemaLocation.of(SchemaId.V202012));

        assertThat(meta.validate(Schemas.document(name))).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("documents")
    void eachDescribesEveryFieldAndEveryReason(String name) {
        List<String> silent = new ArrayList<>();
        JsonNode document = Schemas.document(name);
        describe(name, document, silent);
        document.path("$defs").properties().forEach(part -> describe(part.getKey(), part.getValue(), silent));

        assertThat(silent).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("alternatives")
    void eachAlternativeHasExamplesThatItAloneTakes(String name, String alternative) {
        JsonNode examples =
                Schemas.document(name).path("$defs").path(alternative).path("examples");

        assertThat(examples).isNotEmpty().allSatisfy(example -> {
            assertThat(Schemas.faults(name, alternative, example)).isEmpty();
            assertThat(Schemas.faults(name, example)).isEmpty();
            Set<String> others = Schemas.alternatives(name);
            others.remove(alternative);
            assertThat(others)
                    .allSatisfy(other -> assertThat(Schemas.faults(name, other, example))
                            .as("for %s", other)
                            .isNotEmpty());
        });
    }

    /** Objects that say which fields there are; conditions on fields that are described elsewhere need no words. */
    private static void describe(String path, JsonNode schema, List<String> silent) {
        if (!schema.hasNonNull("description") && !schema.path("type").asText().equals("object")) {
            silent.add(path);
        }
        if (schema.path("additionalProperties").isBoolean()) {
            schema.path("properties").properties().forEach(field -> {
                String name = path + "." + field.getKey();
                if (!field.getValue().hasNonNull("description") && !isDescribed(field.getValue())) {
                    silent.add(name);
                }
                field.getValue().path("oneOf").forEach(it -> describeObject(name, it, silent));
                describeObject(name, field.getValue(), silent);
                describeObject(name + "[]", field.getValue().path("items"), silent);
            });
        }
        for (JsonNode choice : schema.path("oneOf")) {
            if (choice.has("const") && !choice.path("description").asText().contains("What to do: ")) {
                silent.add(path + " " + choice.path("const"));
            }
        }
    }

    private static void describeObject(String path, JsonNode schema, List<String> silent) {
        if (schema.path("type").asText().equals("object") && schema.has("properties")) {
            describe(path, schema, silent);
        }
    }

    private static boolean isDescribed(JsonNode reference) {
        return reference.path("$ref").asText().endsWith("Reason");
    }
}

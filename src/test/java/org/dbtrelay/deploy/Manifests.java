package org.dbtrelay.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** The documents of a YAML file, such as Kubernetes' resources. */
public record Manifests(List<JsonNode> all) {

    private static final YAMLMapper YAML = new YAMLMapper();

    /** Those of a file below the project's directory. */
    static Manifests at(String path) {
        return of(text(path));
    }

    /** Those of a text; what is empty, as a template that was switched off, is left out. */
    static Manifests of(String yaml) {
        try (MappingIterator<JsonNode> documents =
                YAML.readerFor(JsonNode.class).readValues(yaml)) {
            return new Manifests(documents.readAll().stream()
                    .filter(document -> !document.isNull() && !document.isEmpty())
                    .toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String text(String path) {
        try {
            return Files.readString(Path.of(path));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The resources of a kind. */
    List<JsonNode> ofKind(String kind) {
        return all.stream()
                .filter(resource -> resource.path("kind").asText().equals(kind))
                .toList();
    }

    /** The one resource of a kind. */
    JsonNode only(String kind) {
        List<JsonNode> found = ofKind(kind);
        assertThat(found).as(kind).hasSize(1);
        return found.getFirst();
    }

    /** The elements of an array. */
    static Stream<JsonNode> elements(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false);
    }

    /** The texts of an array. */
    static List<String> texts(JsonNode array) {
        return elements(array).map(JsonNode::asText).toList();
    }
}

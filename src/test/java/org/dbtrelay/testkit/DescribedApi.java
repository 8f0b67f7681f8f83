package org.dbtrelay.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import io.restassured.filter.Filter;
import io.restassured.filter.FilterContext;
import io.restassured.response.Response;
import io.restassured.specification.FilterableRequestSpecification;
import io.restassured.specification.FilterableResponseSpecification;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** Holds each answer of the HTTP API, good or bad, against {@code docs/openapi.yaml}: its status, its type, and what is in it. */
public final class DescribedApi implements Filter {

    private static final JsonNode DOCUMENT = read();
    private static final JsonSchemaFactory SCHEMAS = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);
    private static final ObjectMapper JSON = new ObjectMapper();

    private static JsonNode read() {
        try {
            return new YAMLMapper().readTree(Path.of("docs", "openapi.yaml").toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The document itself. */
    public static JsonNode document() {
        return DOCUMENT;
    }

    @Override
    public Response filter(
            FilterableRequestSpecification request, FilterableResponseSpecification ignored, FilterContext context) {
        Response response = context.next(request, ignored);
        check(request.getMethod(), URI.create(request.getURI()).getRawPath(), response);
        return response;
    }

    private static void check(String method, String path, Response response) {
        String what = method + " " + path + " -> " + response.statusCode();
        Optional<JsonNode> found = operations(path);
        JsonNode operation = found.map(it -> it.path(method.toLowerCase(Locale.ROOT)))
                .orElse(JSON.createObjectNode().path(""));
        if (operation.isMissingNode()) {
            boolean refused = found.isEmpty() ? response.statusCode() == 404 : response.statusCode() == 405;
            if (!refused && !method.equals("HEAD")) {
                throw new AssertionError(what + " is not described");
            }
            return;
        }
        JsonNode responses = operation.path("responses");
        JsonNode described = responses.path(String.valueOf(response.statusCode()));
        JsonNode answer = described.isMissingNode() ? responses.path("default") : described;
        if (answer.isMissingNode()) {
            throw new AssertionError(what + " has a status that is not described");
        }
        if (answer.has("content")) {
            String type = response.contentType().replaceAll(";.*", "").strip();
            JsonNode content = answer.path("content").path(type);
            if (content.isMissingNode() && answer.path("content").path("*/*").isMissingNode()) {
                throw new AssertionError(what + " has the type " + type + ", which is not described");
            }
            if (type.endsWith("json") && !content.isMissingNode()) {
                List<String> faults = faults(content.path("schema"), response.asString());
                if (!faults.isEmpty()) {
                    throw new AssertionError(what + " is not as described: " + faults + " " + response.asString());
                }
            }
        } else if (!response.asString().isEmpty()) {
            throw new AssertionError(what + " has a body, which is not described");
        }
    }

    /** The faults of a body by a schema of the document; empty if there are none. */
    private static List<String> faults(JsonNode schema, String body) {
        ObjectNode whole = JSON.createObjectNode();
        whole.putArray("allOf").add(schema);
        whole.set("components", DOCUMENT.path("components"));
        try {
            return SCHEMAS.getSchema(whole).validate(JSON.readTree(body)).stream()
                    .map(Object::toString)
                    .toList();
        } catch (IOException e) {
            return List.of("no JSON: " + e.getMessage());
        }
    }

    private static Optional<JsonNode> operations(String path) {
        return DOCUMENT.path("paths").properties().stream()
                .filter(entry -> pattern(entry.getKey()).matcher(path).matches())
                .min(Comparator.comparingLong(
                        entry -> entry.getKey().chars().filter(c -> c == '{').count()))
                .map(Map.Entry::getValue);
    }

    private static Pattern pattern(String template) {
        return Pattern.compile(template.replace("{path}", ".+").replaceAll("\\{\\w+}", "[^/]+"));
    }
}

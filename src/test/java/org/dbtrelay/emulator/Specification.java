package org.dbtrelay.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import com.networknt.schema.oas.OpenApi30;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Compares every request that the emulator carries out, and every good answer to it, with dbt Cloud's published OpenAPI documents, if
 * {@code -Dopenapi.dir} names their directory. A null passes for anything: the documents mark nothing nullable, and dbt Cloud sends
 * many. {@code openapi-differences.txt} lists the other known differences with their reasons; the emulator answers an unknown one as
 * a fault.
 */
public final class Specification implements ExchangeCheck {

    private static final String DIRECTORY = "openapi.dir";
    private static final Path REPORT = Path.of("target", "openapi-compared.txt").toAbsolutePath();
    private static final String DIFFERENCES = "/openapi-differences.txt";

    private record Operation(
            String name,
            Pattern path,
            String method,
            Set<String> parameters,
            Supplier<@Nullable JsonSchema> request,
            Supplier<@Nullable JsonSchema> answer) {}

    private record Difference(Pattern where, Pattern what) {}

    private final @Nullable String directory = System.getProperty(DIRECTORY);
    private final List<Operation> operations = new ArrayList<>();
    private final List<Difference> differences = new ArrayList<>();
    private final Set<String> known = ConcurrentHashMap.newKeySet();
    private final Set<String> seen = ConcurrentHashMap.newKeySet();
    private final Set<String> faults = ConcurrentHashMap.newKeySet();
    private final AtomicLong compared = new AtomicLong();

    /** Reads the documents, if there are any to compare with. */
    public Specification() {
        if (directory == null) {
            return;
        }
        JsonSchemaFactory factory = JsonSchemaFactory.getInstance(
                SpecVersion.VersionFlag.V4,
                builder -> builder.metaSchema(OpenApi30.getInstance())
                        .defaultMetaSchemaIri(OpenApi30.getInstance().getIri()));
        try {
            for (String name : List.of("openapi-v2.yaml", "openapi-v3.yaml")) {
                read(factory, Path.of(directory, name));
            }
            differences.addAll(knownDifferences());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Runtime.getRuntime().addShutdownHook(new Thread(this::report));
    }

    @Override
    public void check(Request request, Answer answer) {
        if (directory != null && answer.status() < 300) {
            compare(request, answer);
        }
    }

    /** Adds to {@code target/openapi-compared.txt} what this process compared: a retry may hide that an answer was a fault. */
    private void report() {
        try {
            Files.writeString(
                    REPORT,
                    compared + " exchanges of " + seen.size() + " operations, " + known.size()
                            + " explained differences, " + faults.size() + " others " + faults + "\n",
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void read(JsonSchemaFactory factory, Path file) throws IOException {
        JsonNode document = new YAMLMapper().readTree(Files.readAllBytes(file));
        document.path("paths")
                .properties()
                .forEach(path -> path.getValue().properties().forEach(method -> {
                    if (method.getValue().isObject()) {
                        operations.add(operation(factory, document, path.getKey(), method.getKey(), method.getValue()));
                    }
                }));
    }

    private static Operation operation(
            JsonSchemaFactory factory, JsonNode document, String path, String method, JsonNode operation) {
        Set<String> parameters = new HashSet<>();
        operation
                .path("parameters")
                .forEach(parameter -> parameters.add(parameter.path("name").asText()));
        String regex = Pattern.compile("\\{(\\w+)}")
                .matcher(path)
                .replaceAll(name -> name.group(1).equals("remainder") ? ".+" : "[^/]+");
        String status = operation.path("responses").has("200") ? "200" : "201";
        String json = "/content/application~1json/schema";
        return new Operation(
                method.toUpperCase(Locale.ROOT) + " " + path,
                Pattern.compile(regex),
                method,
                parameters,
                schema(factory, document, operation.at("/requestBody" + json)),
                schema(factory, document, operation.at("/responses/" + status + json)));
    }

    /** References lead to the document's components, so these are put beside each schema. */
    private static Supplier<@Nullable JsonSchema> schema(
            JsonSchemaFactory factory, JsonNode document, JsonNode schema) {
        if (schema.isMissingNode()) {
            return () -> null;
        }
        ObjectNode whole = Envelope.object();
        whole.putArray("allOf").add(schema);
        whole.set("components", document.path("components"));
        AtomicReference<@Nullable JsonSchema> made = new AtomicReference<>();
        return () -> made.updateAndGet(before -> before != null
                ? before
                : factory.getSchema(
                        whole,
                        SchemaValidatorsConfig.builder()
                                .formatAssertionsEnabled(false)
                                .build()));
    }

    private void compare(Request request, Answer answer) {
        Operation operation = operations.stream()
                .filter(it -> it.method().equalsIgnoreCase(request.method())
                        && it.path().matcher(request.path()).matches())
                .findFirst()
                .orElse(null);
        List<String> found = new ArrayList<>();
        String name = operation == null ? request.method() + " " + request.path() : operation.name();
        if (operation == null) {
            found.add("there is no such operation");
        } else {
            request.query().names().stream()
                    .filter(parameter -> !operation.parameters().contains(parameter))
                    .forEach(parameter -> found.add("query " + parameter));
            JsonSchema asked = operation.request().get();
            if (asked != null && request.body().length > 0) {
                found.addAll(differences(asked, request.body(), "request "));
            }
            JsonSchema answered = operation.answer().get();
            if (answered != null && answer.content() instanceof Content.Bytes bytes) {
                found.addAll(differences(answered, bytes.bytes(), "answer "));
            }
        }
        found.removeIf(what -> isExplained(name, what));
        compared.incrementAndGet();
        seen.add(name);
        if (!found.isEmpty()) {
            faults.add(name + " " + found);
            throw new IllegalStateException(name + " is not as dbt Cloud's specification has it: " + found);
        }
    }

    private static List<String> differences(JsonSchema schema, byte[] body, String prefix) {
        try {
            return schema.validate(Envelope.MAPPER.readTree(body)).stream()
                    .filter(message -> message.getInstanceNode() == null
                            || !message.getInstanceNode().isNull())
                    .map(ValidationMessage::getMessage)
                    .map(message -> prefix + message)
                    .toList();
        } catch (IOException e) {
            return List.of(prefix + "is no JSON");
        }
    }

    private boolean isExplained(String where, String what) {
        return known.contains(where + what)
                || (differences.stream()
                                .anyMatch(it -> it.where().matcher(where).matches()
                                        && it.what().matcher(what).matches())
                        && known.add(where + what));
    }

    /** Lines of {@code operation | difference | reason}, the first two regular expressions. */
    private static List<Difference> knownDifferences() throws IOException {
        try (InputStream file = Specification.class.getResourceAsStream(DIFFERENCES)) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .map(line -> line.split(" \\| ", 3))
                    .map(parts -> new Difference(Pattern.compile(parts[0]), Pattern.compile(parts[1])))
                    .toList();
        }
    }
}

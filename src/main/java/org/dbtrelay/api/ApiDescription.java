package org.dbtrelay.api;

import io.quarkus.smallrye.openapi.OpenApiFilter;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.OASFilter;
import org.eclipse.microprofile.openapi.models.OpenAPI;
import org.eclipse.microprofile.openapi.models.Operation;
import org.eclipse.microprofile.openapi.models.PathItem;
import org.eclipse.microprofile.openapi.models.info.Info;
import org.eclipse.microprofile.openapi.models.media.Content;
import org.eclipse.microprofile.openapi.models.media.MediaType;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.parameters.Parameter;
import org.eclipse.microprofile.openapi.models.responses.APIResponse;
import org.eclipse.microprofile.openapi.models.security.SecurityScheme;
import org.eclipse.microprofile.openapi.models.tags.Tag;

/**
 * Completes the description of the HTTP API, while the application is built, with what holds for all of it: the key, the problem
 * documents, the types of parameters, and dbt Cloud's resources, which pass through as they come.
 */
@OpenApiFilter(stages = OpenApiFilter.RunStage.BUILD)
public final class ApiDescription implements OASFilter {

    private static final String KEY = "key";
    private static final String WEBHOOK = "receiveWebhook";
    private static final Set<String> OF_DBT_CLOUD = Set.of("dbt Cloud");

    @Override
    public void filterOpenAPI(OpenAPI api) {
        Info info = api.getInfo() == null ? OASFactory.createInfo() : api.getInfo();
        api.setInfo(info.description("Commands over HTTP, and dbt Cloud's resources through the relay's connections."
                        + " docs/http.md describes each operation, docs/commands.md the commands.")
                .license(OASFactory.createLicense()
                        .name("Apache-2.0")
                        .url("https://www.apache.org/licenses/LICENSE-2.0")));
        api.setServers(List.of(OASFactory.createServer()
                .url("{origin}")
                .description("An instance of the relay")
                .addVariable(
                        "origin",
                        OASFactory.createServerVariable()
                                .defaultValue("http://localhost:8080")
                                .description("Scheme, host and port of the API (quarkus.http.port)"))));
        api.setTags(List.of(
                tag("commands", "Send commands, and see where they stand"),
                tag("deployment", "The instances, and what they did in the last hour"),
                tag("access", "Who asks, and what they may do"),
                tag("connections", "The configured connections to dbt Cloud: state, test, and the kill switch"),
                tag("dead letters", "Records that were no commands, and a second try for them"),
                tag("dbt Cloud", "dbt Cloud's own resources, to read"),
                tag("log", "Levels of the relay's log"),
                tag("webhooks", "Where dbt Cloud sends its webhooks")));
        api.setSecurity(List.of(OASFactory.createSecurityRequirement().addScheme(KEY)));
        ApiSchemas.complete(api);
        api.getComponents()
                .addSecurityScheme(
                        KEY,
                        OASFactory.createSecurityScheme()
                                .type(SecurityScheme.Type.HTTP)
                                .scheme("bearer")
                                .description("One of relay.api.keys. With relay.api.open=true none is asked for."));
        api.getPaths().getPathItems().values().stream()
                .map(PathItem::getOperations)
                .map(Map::values)
                .forEach(operations -> operations.forEach(ApiDescription::complete));
    }

    private static void complete(Operation operation) {
        if (operation.getParameters() != null) {
            operation.getParameters().forEach(ApiDescription::complete);
        }
        if (operation.getOperationId().equals(WEBHOOK)) {
            operation.setSecurity(List.of());
            return;
        }
        ApiSchemas.completeContent(operation);
        boolean ofDbtCloud = operation.getTags().stream().anyMatch(OF_DBT_CLOUD::contains);
        boolean names = operation.getParameters() != null
                && operation.getParameters().stream().anyMatch(it -> it.getIn() == Parameter.In.PATH);
        problem(operation, "401", "No key, or none of relay.api.keys");
        problem(operation, "403", "The role of the key does not suffice; needed_role names the one that does");
        if (ofDbtCloud) {
            problem(operation, "400", "A parameter is wrong, which the problem names");
            problem(operation, "429", "The account is shut out for now; Retry-After says for how long");
            problem(operation, "502", "dbt Cloud does not answer, or refuses the connection");
        }
        if (names) {
            problem(operation, "404", "There is no such thing, or the token may not see it");
        }
        problem(operation, "default", "Any other problem");
        operation.getResponses().getAPIResponses().forEach((status, response) -> {
            if (!status.startsWith("2") && response.getContent() == null) {
                response.setContent(content(Problem.MEDIA_TYPE, ApiSchemas.ref("Problem")));
            }
        });
    }

    private static void problem(Operation operation, String status, String description) {
        if (!operation.getResponses().hasAPIResponse(status)) {
            APIResponse response = OASFactory.createAPIResponse().description(description);
            operation.getResponses().addAPIResponse(status, response);
        }
    }

    private static void complete(Parameter parameter) {
        Schema schema = ApiSchemas.ofParameter(parameter.getName());
        if (schema != null) {
            parameter.setSchema(schema);
        }
        if (parameter.getDescription() == null) {
            parameter.setDescription(ApiSchemas.describe(parameter.getName()));
        }
    }

    static Content content(String type, Schema schema) {
        MediaType media = OASFactory.createMediaType().schema(schema);
        return OASFactory.createContent().addMediaType(type, media);
    }

    private static Tag tag(String name, String description) {
        return OASFactory.createTag().name(name).description(description);
    }
}

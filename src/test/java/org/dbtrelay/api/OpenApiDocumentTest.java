package org.dbtrelay.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dbtrelay.testkit.DescribedApi;
import org.junit.jupiter.api.Test;

/** {@code docs/openapi.yaml} is what the application tells of itself. */
@QuarkusTest
@TestProfile(EmulatedDbtCloud.class)
class OpenApiDocumentTest {

    private static final Path CHECKED_IN = Path.of("docs", "openapi.yaml");
    private static final Path TOLD = Path.of("target", "openapi.yaml");

    @TestHTTPResource(value = "/openapi", management = true)
    URL openApi;

    @Test
    void theCheckedInDocumentIsWhatTheApplicationTells() throws IOException {
        String told = RestAssured.get(openApi).asString();
        Files.writeString(TOLD, told);

        assertThat(CHECKED_IN).exists();
        assertThat(Files.readString(CHECKED_IN))
                .as("the API has changed; look at it, and copy %s to %s", TOLD, CHECKED_IN)
                .isEqualTo(told);
        assertThat(told).contains("/api/connections/{connection}/accounts/{account_id}/runs/{run_id}/artifacts/{path}");
    }

    @Test
    void eachOperationSaysWhatAClientNeeds() {
        List<JsonNode> operations = new ArrayList<>();
        DescribedApi.document().path("paths").forEach(path -> path.forEach(operations::add));

        assertThat(operations).hasSizeGreaterThan(20).allSatisfy(operation -> {
            String id = operation.path("operationId").asText();
            assertThat(id).isNotBlank();
            assertThat(operation.path("summary").asText()).as(id).isNotBlank();
            assertThat(operation.path("description").asText()).as(id).isNotBlank();
            assertThat(operation.path("parameters")).as(id).allSatisfy(parameter -> {
                assertThat(parameter.has("schema")).as("%s", parameter).isTrue();
                assertThat(parameter.path("description").asText())
                        .as("%s", parameter)
                        .isNotBlank();
            });
            if (!operation.path("tags").toString().contains("webhooks")) {
                assertThat(operation.path("responses").has("401")).as(id).isTrue();
                assertThat(operation.path("responses"))
                        .as(id)
                        .allSatisfy(response -> assertThat(response.has("content"))
                                .as("%s %s", id, response)
                                .isTrue());
            }
        });
    }

    @Test
    void nothingOfTheRelaysInsideIsInIt() throws IOException {
        assertThat(Files.readString(CHECKED_IN)).doesNotContain("JsonNode", "ObjectNode", "containerNode", "Instant");
    }
}

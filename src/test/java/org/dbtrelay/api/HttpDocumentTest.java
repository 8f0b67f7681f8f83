package org.dbtrelay.api;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.specification.RequestSpecification;
import jakarta.inject.Inject;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.docs.Document;
import org.dbtrelay.emulator.DbtCloudEmulator;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.testkit.DescribedApi;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The examples of {@code docs/http.md} that read dbt Cloud work as they stand there, and there is one for each operation. */
@QuarkusTest
@TestProfile(EmulatedDbtCloud.class)
class HttpDocumentTest {

    @Inject
    Connections connections;

    private static final Pattern CURL =
            Pattern.compile("curl (?:-X (\\w+) )?-H \"Authorization: Bearer \\$KEY\" \"\\$RELAY(/[^\"]*)\"");
    private static final Pattern VARIABLE = Pattern.compile("\\$([A-Z]+)");
    private static final Map<String, String> IN_PATHS = Map.of(
            "/api/connections/default", "/api/connections/{connection}",
            "$ACCOUNT", "{account_id}",
            "$PROJECT", "{project_id}",
            "$ENVIRONMENT", "{environment_id}",
            "$JOB", "{job_id}",
            "$RUN", "{run_id}",
            "run_results.json", "{path}");

    private Map<String, String> variables;

    /** An example of the document. */
    private record Example(String method, String path) {
        String operation() {
            String template = path.replaceAll("\\?.*", "");
            for (Map.Entry<String, String> part : IN_PATHS.entrySet()) {
                template = template.replace(part.getKey(), part.getValue());
            }
            return method + " " + template;
        }
    }

    @BeforeEach
    void findIds() {
        DbtCloudEmulator emulator = EmulatedDbtCloud.Server.emulator;
        emulator.faults().clear();
        EmulatedJob job = emulator.world().jobNamed("Broken build");
        emulator.planNextRun(job.id(), RunPlan.failing("dbt build", "it broke").instantly());
        RunView run = emulator.triggerByOther(job.id(), "x");
        EmulatedDbtCloud.Server.CLOCK.advance(Duration.ofHours(1));
        variables = Map.of(
                "ACCOUNT", String.valueOf(emulator.accountId()),
                "PROJECT", String.valueOf(job.projectId()),
                "ENVIRONMENT", String.valueOf(job.environmentId()),
                "JOB", String.valueOf(job.id()),
                "RUN", String.valueOf(run.id()));
    }

    private static List<Example> examples() {
        List<Example> examples = new ArrayList<>();
        for (String block : Document.at("docs/http.md").examples("sh")) {
            for (String line : block.split("\n", -1)) {
                Matcher curl = CURL.matcher(line);
                if (curl.matches()) {
                    examples.add(new Example(curl.group(1) == null ? "GET" : curl.group(1), curl.group(2)));
                }
            }
        }
        return examples;
    }

    @Test
    void everyExampleWorks() {
        assertThat(examples()).isNotEmpty().allSatisfy(example -> {
            URI path = URI.create(VARIABLE.matcher(example.path()).replaceAll(name -> variables.get(name.group(1))));
            RequestSpecification request = given().filter(new DescribedApi())
                    .header("Authorization", "Bearer " + EmulatedDbtCloud.KEY)
                    .urlEncodingEnabled(false);

            int status = example.method().equals("POST")
                    ? request.post(path.toString()).statusCode()
                    : request.get(path.toString()).statusCode();

            // The switch is told to others over a broker, and there is none.
            boolean isSwitch = example.path().matches(".*/(suspend|resume)(\\?.*)?");
            assertThat(status).as("%s", example).isEqualTo(isSwitch ? 503 : 200);
        });
        connections.named("default").manualSuspension().release();
    }

    @Test
    void everyOperationHasAnExample() throws IOException {
        Set<String> shown = new TreeSet<>();
        examples().forEach(example -> shown.add(example.operation()));
        Set<String> operations = new TreeSet<>();
        String path = "";
        for (String line : Files.readAllLines(Path.of("docs", "openapi.yaml"))) {
            if (line.matches(" {2}/api/connections.*:")) {
                path = line.strip().replaceAll(":$", "");
            } else if (line.matches(" {2}\\S.*")) {
                path = "";
            } else if (!path.isEmpty() && line.matches(" {4}(get|post|put|delete):")) {
                operations.add(line.strip().replace(":", "").toUpperCase(java.util.Locale.ROOT) + " " + path);
            }
        }

        assertThat(operations).hasSizeGreaterThan(15);
        assertThat(shown).isEqualTo(operations);
    }
}

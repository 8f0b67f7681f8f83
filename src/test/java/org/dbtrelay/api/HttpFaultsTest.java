package org.dbtrelay.api;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.specification.RequestSpecification;
import org.dbtrelay.testkit.DescribedApi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A request that cannot be read is told what is wrong with it, in words for those who sent it. */
@QuarkusTest
@TestProfile(EmulatedDbtCloud.class)
class HttpFaultsTest {

    private static final String COMMAND = "{\"command\": \"trigger\", \"job_id\": 1}";

    @ParameterizedTest
    @CsvSource({
        "POST, /api/commands, application/json or application/cloudevents+json",
        "PUT, /api/log-levels/org.dbtrelay.watch, application/json"
    })
    void a415NamesWhatIsTaken(String method, String path, String types) {
        for (String type :
                new String[] {"text/plain", "application/x-www-form-urlencoded", "application/cloudevents-batch+json"
                }) {
            withKey()
                    .header("Content-Type", type)
                    .body(COMMAND)
                    .request(method, path)
                    .then()
                    .statusCode(415)
                    .body("detail", equalTo("content-type: '" + type + "' is not read here; send " + types));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "POST | /api/commands | [       | the body is no JSON",
                "POST | /api/commands | []      | the body is no JSON object but a list",
                "PUT  | /api/log-levels/org.dbtrelay.watch | {  | the body is not the JSON that is wanted here",
                "PUT  | /api/log-levels/org.dbtrelay.watch | [] | the body is not the JSON that is wanted here",
                "PUT  | /api/log-levels/org.dbtrelay.watch | {\"level\": {}} | the body is not the JSON that is wanted here",
            })
    void a400SpeaksOfTheBody(String method, String path, String body, String detail) {
        withKey()
                .contentType("application/json")
                .body(body)
                .request(method, path)
                .then()
                .statusCode(400)
                .body("detail", startsWith(detail))
                .body("detail", not(containsString("jackson")))
                .body("detail", not(containsString("record")));
    }

    @Test
    void headersOfTwoEventsAreNamed() {
        withKey()
                .contentType("application/json")
                .header("ce-id", "17")
                .header("ce_id", "18")
                .body(COMMAND)
                .post("/api/commands")
                .then()
                .statusCode(400)
                .body("detail", containsString("write one of them"));
    }

    @Test
    void aWrongLastEventIdIsNamedAsSuch() {
        withKey()
                .header("Last-Event-ID", "abc")
                .get("/api/commands/orders/events")
                .then()
                .statusCode(400)
                .body("parameter", equalTo("Last-Event-ID"));
    }

    @Test
    void aPathThatIsNotThereIsToldSo() {
        withKey().get("/api/nothing").then().statusCode(404).body("detail", equalTo("there is nothing at this path"));
        withKey().delete("/api/commands").then().statusCode(405).body("detail", startsWith("DELETE is not done here"));
    }

    private static RequestSpecification withKey() {
        return given().filter(new DescribedApi()).header("Authorization", "Bearer " + EmulatedDbtCloud.KEY);
    }
}

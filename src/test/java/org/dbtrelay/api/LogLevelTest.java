package org.dbtrelay.api;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasKey;
import static org.hamcrest.Matchers.not;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.http.ContentType;
import io.restassured.response.ValidatableResponse;
import org.dbtrelay.testkit.DescribedApi;
import org.jboss.logmanager.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Levels are changed over HTTP, with a key, for the relay's own categories, and the audit log says so. */
@QuarkusTest
@TestProfile(EmulatedDbtCloud.class)
class LogLevelTest {

    private static final String WATCH = "org.dbtrelay.watch";

    @Test
    void changesALevelAndSaysSo() {
        Logger watch = Logger.getLogger(WATCH + ".Poller");
        try (AuditLines audit = new AuditLines()) {
            assertThat(watch.isLoggable(org.jboss.logmanager.Level.DEBUG)).isFalse();

            put(WATCH, "{\"level\": \"DEBUG\"}").statusCode(200).body("'" + WATCH + "'", equalTo("DEBUG"));

            assertThat(watch.isLoggable(org.jboss.logmanager.Level.DEBUG)).isTrue();
            withKey().get("/api/log-levels").then().statusCode(200).body("'" + WATCH + "'", equalTo("DEBUG"));

            put(WATCH, "{\"level\": null}").statusCode(200).body("$", not(hasKey(WATCH)));

            assertThat(watch.isLoggable(org.jboss.logmanager.Level.DEBUG)).isFalse();
            assertThat(audit.told())
                    .containsExactly(
                            "A person changed a log level category=org.dbtrelay.watch level=DEBUG key=test",
                            "A person changed a log level category=org.dbtrelay.watch level=null key=test");
        } finally {
            put(WATCH, "{\"level\": null}");
        }
    }

    @Test
    void wantsAKey() {
        given().filter(new DescribedApi()).get("/api/log-levels").then().statusCode(401);
        given().filter(new DescribedApi())
                .contentType(ContentType.JSON)
                .body("{\"level\": \"DEBUG\"}")
                .put("/api/log-levels/" + WATCH)
                .then()
                .statusCode(401);
    }

    /** What libraries tell of a request may hold its token; and nobody turns the audit log off. */
    @ParameterizedTest
    @ValueSource(strings = {"io.vertx", "root", "org.dbtrelayx", "org.dbtrelay.audit", "org.dbtrelay..x"})
    void changesNoOtherCategory(String category) {
        put(category, "{\"level\": \"DEBUG\"}")
                .statusCode(400)
                .body("detail", containsString("org.dbtrelay or one below"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"{\"level\": \"LOUD\"}", "{\"level\": \"debug\"}", "null"})
    void wantsALevelThatThereIs(String body) {
        put(WATCH, body).statusCode(400).body("detail", containsString("ERROR, WARN, INFO, DEBUG"));
    }

    /** A quieter relay still says what it does to dbt Cloud. */
    @Test
    void keepsTheAuditLog() {
        try {
            put("org.dbtrelay", "{\"level\": \"ERROR\"}").statusCode(200);
            assertThat(Logger.getLogger("org.dbtrelay.audit").isLoggable(org.jboss.logmanager.Level.INFO))
                    .isTrue();
        } finally {
            put("org.dbtrelay", "{\"level\": null}").statusCode(200);
        }
    }

    private static ValidatableResponse put(String category, String body) {
        return withKey()
                .contentType(ContentType.JSON)
                .body(body)
                .put("/api/log-levels/" + category)
                .then();
    }

    private static io.restassured.specification.RequestSpecification withKey() {
        return given().filter(new DescribedApi()).header("Authorization", "Bearer " + EmulatedDbtCloud.KEY);
    }
}

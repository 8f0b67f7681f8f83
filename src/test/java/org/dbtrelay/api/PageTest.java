package org.dbtrelay.api;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.emptyOrNullString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.startsWith;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.restassured.response.ValidatableResponse;
import org.dbtrelay.testkit.DescribedApi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How the page is served, and what of the API is there for its sake. */
@QuarkusTest
@TestProfile(EmulatedDbtCloud.class)
class PageTest {

    @ParameterizedTest
    @MethodSource("paths")
    void everyFileComesWithoutAKeyAndWithItsHeaders(String path) {
        Response response = given().get(path);

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body().asByteArray()).isNotEmpty();
        PageResource.HEADERS.forEach(
                (name, value) -> assertThat(response.header(name)).as(name).isEqualTo(value));
        assertThat(response.headers().hasHeaderWithName("Set-Cookie")).isFalse();
        String tag = response.header("ETag");
        assertThat(tag).matches("\"[0-9a-f]{32}\"");

        Response again = given().header("If-None-Match", tag).get(path);
        assertThat(again.statusCode()).isEqualTo(304);
        assertThat(again.body().asByteArray()).isEmpty();
        assertThat(again.header("Content-Security-Policy")).isEqualTo(PageResource.POLICY);
        assertThat(given().header("If-None-Match", "\"another\"").get(path).statusCode())
                .isEqualTo(200);
    }

    static java.util.stream.Stream<String> paths() {
        return PageFiles.NAMES.stream().map(name -> name.equals(PageFiles.INDEX) ? "/" : "/page/" + name);
    }

    @Test
    void theTypesAreThoseThatABrowserWants() {
        type("/", "text/html;charset=utf-8");
        type("/page/main.js", "text/javascript;charset=utf-8");
        type("/page/page.css", "text/css;charset=utf-8");
        type("/page/icon.svg", "image/svg+xml");
        type("/page/command.schema.json", "application/json");
    }

    private static void type(String path, String type) {
        assertThat(given().get(path).contentType().replace(" ", "").toLowerCase(java.util.Locale.ROOT))
                .startsWith(type);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/page/",
                "/page",
                "/page/index.html",
                "/page/other.js",
                "/page/..%2fapplication.properties",
                "/application.properties",
                "/META-INF/MANIFEST.MF"
            })
    void nothingElseIsServed(String path) {
        given().urlEncodingEnabled(false)
                .get(path)
                .then()
                .statusCode(404)
                .body(org.hamcrest.Matchers.anyOf(
                        emptyOrNullString(), containsString("there is nothing at this path")));
    }

    @Test
    void theActivityOfAnHourIsThere() {
        asked("/api/activity")
                .body("minutes", hasSize(60))
                .body("minutes[0].starts", equalTo(0))
                .body("incomplete", hasSize(0));
        asked("/api/activity?scope=instance").body("minutes", hasSize(60));
        given().filter(new DescribedApi()).get("/api/activity").then().statusCode(401);
    }

    @Test
    void theInstanceTellsOfItself() {
        asked("/api/instances")
                .body("data", hasSize(1))
                .body("data[0].answers", equalTo(true))
                .body("data[0].id", notNullValue())
                .body("data[0].connections.name", org.hamcrest.Matchers.hasItems("default", "wrong"));
        asked("/api/instances?scope=instance").body("data", hasSize(1));
        given().filter(new DescribedApi())
                .header("Authorization", "Bearer " + EmulatedDbtCloud.KEY)
                .get("/api/instances?scope=none")
                .then()
                .statusCode(400)
                .body("detail", startsWith("scope: "));
    }

    private static ValidatableResponse asked(String path) {
        return given().filter(new DescribedApi())
                .header("Authorization", "Bearer " + EmulatedDbtCloud.KEY)
                .get(path)
                .then()
                .statusCode(200);
    }
}

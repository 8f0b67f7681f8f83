package org.dbtrelay.api;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.ValidatableResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** A person signs in with a token of an identity provider; keys go on working beside it. */
@QuarkusTest
@TestProfile(OpenIdConnectTest.SignedIn.class)
class OpenIdConnectTest {

    private static final KeyPair KEYS = pair();
    private static final KeyPair OTHER_KEYS = pair();

    /** As {@link EmulatedDbtCloud}, with a provider whose public key is configured. */
    public static final class SignedIn implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            Map<String, String> all = new HashMap<>(new EmulatedDbtCloud().getConfigOverrides());
            all.put("relay.api.roles.other", "viewer");
            all.put("relay.api.openid-connect.enabled", "true");
            all.put("relay.api.openid-connect.roles-claim", "realm/teams");
            all.put("relay.api.openid-connect.operators", "data-platform,oncall");
            all.put(
                    "quarkus.oidc.public-key",
                    Base64.getEncoder().encodeToString(KEYS.getPublic().getEncoded()));
            all.put("quarkus.oidc.token.audience", "relay");
            return all;
        }

        @Override
        public List<TestResourceEntry> testResources() {
            return new EmulatedDbtCloud().testResources();
        }
    }

    private static KeyPair pair() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(2048);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String token(PrivateKey key, String audience, long seconds, String... teams) {
        String claims = List.of(teams).stream().map(team -> '"' + team + '"').collect(Collectors.joining(","));
        long now = Instant.now().getEpochSecond();
        String text = base64("{\"alg\":\"RS256\",\"typ\":\"JWT\"}") + "."
                + base64(
                        ("{\"iss\":\"https://login.example\",\"sub\":\"42\",\"preferred_username\":\"ada\",\"aud\":\"%s\","
                                        + "\"iat\":%d,\"exp\":%d,\"realm\":{\"teams\":[%s]}}")
                                .formatted(audience, now, now + seconds, claims));
        try {
            Signature signature = Signature.getInstance("SHA256withRSA");
            signature.initSign(key);
            signature.update(text.getBytes(StandardCharsets.US_ASCII));
            return text + "." + Base64.getUrlEncoder().withoutPadding().encodeToString(signature.sign());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String base64(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static ValidatableResponse get(String bearer, String path) {
        return given().header("Authorization", "Bearer " + bearer).get(path).then();
    }

    private static ValidatableResponse setLevel(String bearer) {
        return given().header("Authorization", "Bearer " + bearer)
                .contentType("application/json")
                .body("{\"level\": null}")
                .put("/api/log-levels/org.dbtrelay.watch")
                .then();
    }

    @Test
    void theClaimSaysTheRole() {
        String operator = token(KEYS.getPrivate(), "relay", 60, "cooks", "oncall");
        get(operator, "/api/me")
                .statusCode(200)
                .body("name", equalTo("ada"))
                .body("role", equalTo("operator"))
                .body("sign_in", equalTo("openid_connect"));
        setLevel(operator).statusCode(200);

        String viewer = token(KEYS.getPrivate(), "relay", 60, "viewer");
        get(viewer, "/api/me").statusCode(200).body("role", equalTo("viewer"));
        get(viewer, "/api/log-levels").statusCode(200);
        setLevel(viewer)
                .statusCode(403)
                .body("needed_role", equalTo("operator"))
                .body("detail", containsString("ada"));
    }

    @Test
    void whoHasNoRoleMayDoNothing() {
        get(token(KEYS.getPrivate(), "relay", 60, "cooks"), "/api/me")
                .statusCode(403)
                .body("detail", containsString("names no role"));
    }

    @Test
    void aTokenThatDoesNotCountIsNone() {
        get(token(OTHER_KEYS.getPrivate(), "relay", 60, "oncall"), "/api/me").statusCode(401);
        get(token(KEYS.getPrivate(), "relay", -600, "oncall"), "/api/me").statusCode(401);
        get(token(KEYS.getPrivate(), "another", 60, "oncall"), "/api/me").statusCode(401);
        get("no-token-and-no-key", "/api/me").statusCode(401);
        given().get("/api/me").then().statusCode(401).body("detail", containsString("identity provider"));
    }

    @Test
    void keysGoOnWorking() {
        get(EmulatedDbtCloud.KEY, "/api/me")
                .statusCode(200)
                .body("name", equalTo("test"))
                .body("role", equalTo("operator"))
                .body("sign_in", equalTo("key"));
        get("another-key-0123456789", "/api/me").statusCode(200).body("role", equalTo("viewer"));
        setLevel("another-key-0123456789").statusCode(403).body("needed_role", equalTo("operator"));
    }
}

package org.dbtrelay.dbtcloud.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import javax.net.ssl.SSLHandshakeException;
import org.dbtrelay.dbtcloud.connection.ConnectionCheck;
import org.dbtrelay.dbtcloud.connection.ConnectionCheckResult;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FailureMapperTest {

    private static final String INVALID =
            "The request was invalid. Please double check the provided data and try again.";

    private final FailureMapper mapper =
            new FailureMapper(ApiToken.of("dbtc_secret"), HandTurnedClock.at("2026-11-22T10:00:00Z"));

    private CallFailure of(int status, String body) {
        return mapper.of(new ErrorResponse(status, "application/json", null, body));
    }

    private static String envelope(int code, String message, String data) {
        return "{\"status\":{\"code\":" + code + ",\"is_success\":false,\"user_message\":\"" + message
                + "\",\"developer_message\":\"\"},\"data\":" + data + "}";
    }

    @Test
    void aBadValueNamesTheField() {
        assertThat(of(400, envelope(400, INVALID, "{\"status__in\": \"'x' is not valid\"}")))
                .isEqualTo(new CallFailure.Refused(
                        "dbt Cloud answered 400: " + INVALID + " ({\"status__in\":\"'x' is not valid\"})",
                        400,
                        "status__in"));
    }

    @Test
    void anUnknownParameterIsNamedInText() {
        CallFailure failure = of(
                400,
                envelope(
                        400,
                        INVALID,
                        "\"Additional properties are not allowed ('created_at__gte', 'x' were unexpected)\""));

        assertThat(failure)
                .isInstanceOfSatisfying(
                        CallFailure.Refused.class,
                        refused -> assertThat(refused.field()).isEqualTo("created_at__gte"));
    }

    @Test
    void aBadTokenSuspendsTheConnectionWithAHintAtTheHost() {
        assertThat(of(401, envelope(401, "Invalid token.", "null")))
                .isInstanceOfSatisfying(CallFailure.Suspended.class, suspended -> {
                    assertThat(suspended.status()).isEqualTo(401);
                    assertThat(suspended.detail()).contains("Invalid token.", "wrong host");
                });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "The API is not accessible to unpaid accounts.",
                "API access needs a paid plan.",
                "Please upgrade your account."
            })
    void a401OfThePlanIsToldAsSuch(String words) {
        CallFailure failure = of(401, envelope(401, words, "null"));

        assertThat(failure.detail()).contains(words, "plan has no API").doesNotContain("wrong host");
        assertThat(ConnectionCheck.suspects(failure)).containsExactly(ConnectionCheckResult.Suspect.ACCOUNT);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Authentication credentials were not provided.", "User inactive or deleted.", ""})
    void another401SaysWhatDbtCloudSays(String words) {
        CallFailure failure = of(401, envelope(401, words, "null"));

        assertThat(failure).isInstanceOf(CallFailure.Suspended.class);
        assertThat(failure.detail()).endsWith(words).doesNotContain("wrong host", "plan has no API");
    }

    @Test
    void a403OfTheConnectionSuspendsIt() {
        String scope = envelope(403, "Access denied: Token is not scoped to account.", "null");
        String address = envelope(403, "Forbidden: Access denied", "{\"account_access_denied\": true}");

        assertThat(of(403, scope)).isInstanceOf(CallFailure.Suspended.class);
        assertThat(of(403, address)).isInstanceOf(CallFailure.Suspended.class);
        assertThat(of(403, "{\"detail\": \"Invalid token.\"}")).isInstanceOf(CallFailure.Suspended.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "You do not have permission to run this job.",
                "This service account may not cancel runs of this account.",
                "Your account's token lacks the permission for this address book.",
                "The environment's IP range is not yours.",
                ""
            })
    void a403OfTheCommandRefusesIt(String words) {
        assertThat(of(403, envelope(403, words, "null"))).isInstanceOf(CallFailure.Refused.class);
        assertThat(of(403, envelope(403, words, "{\"account_access_denied\": false}")))
                .isInstanceOf(CallFailure.Refused.class);
        assertThat(of(403, "{\"detail\": \"" + words + "\"}")).isInstanceOf(CallFailure.Refused.class);
        assertThat(of(403, "blocked: token, account, address")).isInstanceOf(CallFailure.Refused.class);
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 403, 404, 405, 409, 500, 503})
    void wordsInADetailAreRead(int status) {
        String words = "Method \\\"POST\\\" not allowed for ab" + '\u001b' + "[31m now.";

        assertThat(of(status, "{\"detail\": \"" + words.replace("\u001b", "\\u001b") + "\"}")
                        .detail())
                .isEqualTo("dbt Cloud answered " + status + ": Method \"POST\" not allowed for ab now.");
        assertThat(of(status, "{\"detail\": [1]}").detail()).isEqualTo("dbt Cloud answered " + status);
        assertThat(of(status, "{\"detail\": \"x\", \"status\": {\"user_message\": \"y\"}}")
                        .detail())
                .isEqualTo("dbt Cloud answered " + status + ": y");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "not found",
                "<html>",
                "null",
                "[]",
                "{}",
                "{\"status\": null}",
                "{\"status\": \"404\"}",
                "{\"status\": {\"user_message\": null}, \"data\": []}",
                "{\"data\": 4",
            })
    void everyShapeOfBodyIsStoodFor(String body) {
        assertThat(of(404, body)).isInstanceOf(CallFailure.NotFound.class);
        assertThat(of(500, body)).isInstanceOf(CallFailure.Unclear.class);
        assertThat(of(400, body)).isInstanceOf(CallFailure.Refused.class);
        assertThat(of(401, body)).isInstanceOf(CallFailure.Suspended.class);
    }

    /** Who answers with a page stands in front of dbt Cloud: a wrong "not found" would reject a command that did start a run. */
    @ParameterizedTest
    @ValueSource(ints = {400, 403, 404, 409, 422})
    void aPageIsNoAnswerOfTheApi(int status) {
        CallFailure failure = mapper.of(new ErrorResponse(status, "text/HTML; charset=utf-8", null, "<html>"));

        assertThat(failure)
                .isEqualTo(new CallFailure.Unclear("dbt Cloud answered " + status
                        + " with a body that is not the API's (text/html; charset=utf-8)"));
    }

    @ParameterizedTest
    @ValueSource(ints = {408, 500, 501, 502, 503, 504, 520, 100, 600})
    void whatMayHaveHappenedIsUnclear(int status) {
        assertThat(of(status, "")).isInstanceOf(CallFailure.Unclear.class);
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 402, 405, 409, 410, 413, 415, 422})
    void other4xxAreRefused(int status) {
        assertThat(of(status, ""))
                .isInstanceOfSatisfying(
                        CallFailure.Refused.class,
                        refused -> assertThat(refused.status()).isEqualTo(status));
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 303, 307, 308})
    void aRedirectOfAReadIsRefusedWithHostAndRule(int status) {
        CallFailure failure = mapper.redirectRefused(
                status, "https://ab123.us1.dbt.com/api/v2/accounts/1/?signature=secret", "no such rule");

        assertThat(failure)
                .isInstanceOfSatisfying(
                        CallFailure.Refused.class,
                        refused -> assertThat(refused.status()).isEqualTo(status));
        assertThat(failure.detail())
                .contains("points to ab123.us1.dbt.com.", "no such rule", "relay.connections.*.host")
                .doesNotContain("accounts", "secret");
    }

    @ParameterizedTest
    @CsvSource({
        "300, false",
        "301, true",
        "302, false",
        "303, false",
        "304, false",
        "305, false",
        "306, false",
        "307, true",
        "308, true"
    })
    void aRedirectOfAChangeSurelyDidNothingOnlyWhereItAsksForTheSameRequestElsewhere(int status, boolean surelyNot) {
        CallFailure failure = mapper.redirectedChange(status, "https://x.invalid/y");

        assertThat(failure).isInstanceOf(surelyNot ? CallFailure.Refused.class : CallFailure.Unclear.class);
        assertThat(failure.detail()).contains(String.valueOf(status), "x.invalid", "relay.connections.*.host");
    }

    @ParameterizedTest
    @CsvSource({"401, Refused", "403, Refused", "404, Refused", "400, Refused", "500, Unclear", "429, Limited"})
    void aBadAnswerFromElsewhereSaysNothingOfTokenAccountOrRun(int status, String kind) {
        CallFailure failure = mapper.elsewhere(
                new ErrorResponse(status, "application/json", null, "{}"), 302, URI.create("https://b.dbt.com/x"));

        assertThat(failure.getClass().getSimpleName()).isEqualTo(kind);
        if (failure instanceof CallFailure.Refused refused) {
            assertThat(refused.status()).as("that of the redirect").isEqualTo(302);
            assertThat(refused.detail()).contains("b.dbt.com", String.valueOf(status), "token");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'', PT5M",
        "17, PT17S",
        "0, PT1S",
        "999999, PT1H",
        "'Sun, 22 Nov 2026 10:02:00 GMT', PT2M",
        "'Sun, 22 Nov 2026 09:00:00 GMT', PT1S",
        "soon, PT5M",
        "-5, PT5M"
    })
    void tooManyRequestsTellHowLongToStayAway(String retryAfter, Duration pause) {
        CallFailure failure = mapper.of(new ErrorResponse(429, null, retryAfter.isEmpty() ? null : retryAfter, ""));

        assertThat(failure)
                .isInstanceOfSatisfying(
                        CallFailure.Limited.class,
                        limited -> assertThat(limited.pause()).isEqualTo(pause));
    }

    @Test
    void theDetailIsOneBoundedLineWithoutTheToken() {
        String data = "\"" + "x".repeat(2000) + "\"";
        CallFailure longOne = of(400, envelope(400, "line\\nof dbtc_secret\\u0007", data));

        assertThat(longOne.detail())
                .hasSizeLessThanOrEqualTo(500)
                .startsWith("dbt Cloud answered 400: line of *** (xxx")
                .doesNotContain("dbtc_secret");
    }

    /** The text is cut before its blanks become one, so a token at the cut would come forward in half. */
    @Test
    void blanksBringNoHalfOfTheTokenIntoTheDetail() {
        for (int blanks = 1_940; blanks < 2_000; blanks++) {
            CallFailure failure = of(400, envelope(400, "of" + " ".repeat(blanks) + "dbtc_secret", "null"));

            assertThat(failure.detail()).doesNotContain("dbtc_");
        }
    }

    @Test
    void exceptionsBeforeTheRequestAreNotSent() {
        assertThat(FailureMapper.isBeforeSending(new UnknownHostException("nowhere")))
                .isTrue();
        assertThat(FailureMapper.isBeforeSending(new RuntimeException(new ConnectException("refused"))))
                .isTrue();
        assertThat(FailureMapper.isBeforeSending(new SSLHandshakeException("no trust")))
                .isTrue();
        assertThat(FailureMapper.isBeforeSending(new java.io.IOException("Connection was closed")))
                .isFalse();
        assertThat(FailureMapper.isBeforeSending(new java.net.SocketException("Connection reset")))
                .isFalse();
    }

    @Test
    void whetherItWasSentDecidesAndNotTheException() {
        assertThat(mapper.of(new ConnectException("x"), false)).isInstanceOf(CallFailure.Unclear.class);
        assertThat(mapper.of(new java.io.IOException("x"), true)).isInstanceOf(CallFailure.NotSent.class);
    }

    @Test
    void aTokenThatCannotBeReadSuspends() {
        CallFailure failure = mapper.of(new RuntimeException(new ApiToken.Unreadable("no file /x", null)), false);

        assertThat(failure).isEqualTo(new CallFailure.Suspended("no file /x", 0));
    }
}

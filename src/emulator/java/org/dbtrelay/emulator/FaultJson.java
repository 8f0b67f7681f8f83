package org.dbtrelay.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;

/**
 * Puts a fault in force that another process describes in JSON: {@code {"fault": "lose_answer_after_creating",
 * "endpoint": "TRIGGER", "count": 1}}. Beside these there may be {@code account_id}, {@code job_id}, {@code after},
 * {@code during} (ISO duration), {@code probability} and {@code seed}, and what the fault itself needs.
 */
final class FaultJson {
    private FaultJson() {}

    static FaultRule put(Faults faults, JsonNode json) {
        FaultScript script = begun(faults, json);
        for (JsonNode endpoint :
                json.path("endpoint").isArray() ? json.path("endpoint") : json.findValues("endpoint")) {
            script.on(Endpoint.valueOf(endpoint.asText()));
        }
        if (json.has("account_id")) {
            script.ofAccount(json.path("account_id").asLong());
        }
        if (json.has("job_id")) {
            script.ofJob(json.path("job_id").asLong());
        }
        script.after(json.path("after").asInt());
        return ended(script, json);
    }

    private static FaultScript begun(Faults faults, JsonNode json) {
        if (json.has("probability")) {
            return faults.randomly(
                    json.path("probability").asDouble(), json.path("seed").asLong());
        }
        if (json.has("during")) {
            return faults.during(duration(json, "during"));
        }
        return json.has("count") ? faults.next(json.path("count").asInt()) : faults.always();
    }

    private static FaultRule ended(FaultScript script, JsonNode json) {
        int status = json.path("status").asInt(500);
        return switch (json.path("fault").asText()) {
            case "lose_answer_after_creating" -> script.loseAnswerAfterCreating();
            case "lose_answer_before_creating" -> script.loseAnswerBeforeCreating();
            case "reset_after_creating" -> script.resetAfterCreating();
            case "reset_before_creating" -> script.resetBeforeCreating();
            case "answer_late_after_creating" -> script.answerLateAfterCreating(duration(json, "delay"));
            case "answer_late_before_creating" -> script.answerLateBeforeCreating(duration(json, "delay"));
            case "never_answer_after_creating" -> script.neverAnswerAfterCreating();
            case "status" -> script.status(status);
            case "status_after_creating" -> script.statusAfterCreating(status);
            case "html_status" -> script.htmlStatus(status);
            case "html_status_after_creating" -> script.htmlStatusAfterCreating(status);
            case "empty_after_creating" -> script.emptyAfterCreating();
            case "garbled_after_creating" -> script.garbledAfterCreating();
            case "answer" ->
                script.answer(
                        json.path("status").asInt(200),
                        json.path("content_type").asText(Answer.JSON),
                        json.path("body").asText(),
                        json.path("acts").asBoolean());
            case "redirect" ->
                script.redirect(
                        json.path("status").asInt(302), json.path("location").asText());
            case "reset_mid_body" -> script.resetMidBody(json.path("bytes").asLong());
            case "slow_body" -> script.slowBody(json.path("bytes").asInt(100), duration(json, "pause"));
            case "too_many_requests" ->
                json.has("retry_after")
                        ? script.tooManyRequests(
                                duration(json, "lock_out"),
                                json.path("retry_after").asText())
                        : script.tooManyRequests(duration(json, "lock_out"));
            case "invalid_token" -> script.invalidToken();
            case "address_not_allowed" -> script.addressNotAllowed();
            case "refuse_parameter" -> script.refuseParameter(json.path("name").asText());
            case "hide_run" -> script.hideRun(duration(json, "from_lists"), duration(json, "from_get"));
            case String other -> throw new IllegalArgumentException("There is no fault '" + other + "'");
        };
    }

    static Duration duration(JsonNode json, String field) {
        return json.hasNonNull(field) ? Duration.parse(json.path(field).asText()) : Duration.ZERO;
    }
}

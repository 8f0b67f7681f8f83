package org.dbtrelay.dbtcloud.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WebhookEventTest {

    @Test
    void idsMayBeNumbersOrTexts() {
        WebhookEvent event = new WebhookEvent("wev_1", 70403103920001L, 70403110257794L);

        assertThat(read("{'accountId':70403103920001,'eventId':'wev_1','data':{'runId':'70403110257794'}}"))
                .contains(event);
        assertThat(read("{'accountId':'70403103920001','eventId':'wev_1','data':{'runId':70403110257794}}"))
                .contains(event);
    }

    @Test
    void oneWithoutIdIsTakenAllTheSame() {
        assertThat(read("{'accountId':1,'data':{'runId':'2'}}")).contains(new WebhookEvent(null, 1, 2));
        assertThat(read("{'accountId':1,'eventId':17,'data':{'runId':'2'}}")).contains(new WebhookEvent(null, 1, 2));
    }

    /** Ten thousand of them are remembered. */
    @Test
    void anIdThatIsTooLongIsNone() {
        String longest = "x".repeat(200);

        assertThat(read("{'accountId':1,'eventId':'" + longest + "','data':{'runId':2}}"))
                .contains(new WebhookEvent(longest, 1, 2));
        assertThat(read("{'accountId':1,'eventId':'" + longest + "x','data':{'runId':2}}"))
                .contains(new WebhookEvent(null, 1, 2));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "[]",
                "'text'",
                "{",
                "{}",
                "{'accountId':1}",
                "{'accountId':1,'data':null}",
                "{'accountId':1,'data':{'runId':null}}",
                "{'accountId':1,'data':{'runId':''}}",
                "{'accountId':1,'data':{'runId':'-5'}}",
                "{'accountId':1,'data':{'runId':'12x'}}",
                "{'accountId':1,'data':{'runId':'99999999999999999999999'}}",
                "{'accountId':1,'data':{'runId':1.5}}",
                "{'accountId':1,'data':{'runId':1e400}}",
                "{'accountId':null,'data':{'runId':2}}",
                "{'accountId':0,'data':{'runId':2}}"
            })
    void whatNamesNoRunIsNone(String body) {
        assertThat(read(body)).isEmpty();
    }

    private static Optional<WebhookEvent> read(String body) {
        return WebhookEvent.of(body.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
    }
}

package org.dbtrelay.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.event.DeadLetterReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** CloudEvents whose headers somebody else spelled: they keep their id, or are put aside with the header's name. */
class EventHeadersTest {

    private static final String COMMAND = "{\"command\": \"trigger\", \"job_id\": 1}";
    private static final String EVENT =
            "\"specversion\": \"1.0\", \"id\": \"17\", \"source\": \"/shop\", \"type\": \"t\"";

    private final CommandDecoder decoder = new CommandDecoder(20_000);

    // what is taken

    @ParameterizedTest
    @CsvSource({
        "ce_, false",
        "ce-, false",
        "cloudEvents:, false",
        "cloudEvents_, false",
        "cloudevents:, false",
        "CE_, true",
        "Ce-, true",
        "CE-, false",
        "'', false",
    })
    void eachBindingsPrefixIsTheSameEvent(String prefix, boolean capitals) {
        for (long place = 1; place <= 2; place++) {
            assertThat(id(onKafka(place, COMMAND, event(prefix, capitals)))).isEqualTo("/shop|17");
        }
        assertThat(id(overHttp(COMMAND, event(prefix, capitals)))).isEqualTo("/shop|17");
    }

    @Test
    void twoSpellingsThatAgreeAreOneEvent() {
        String[] both = both(event("ce_", false), event("Ce-", true));

        assertThat(id(onKafka(1, COMMAND, both))).isEqualTo("/shop|17");
        assertThat(id(overHttp(COMMAND, both))).isEqualTo("/shop|17");
    }

    @Test
    void aMixtureOfPrefixesIsOneEvent() {
        assertThat(id(onKafka(
                        1,
                        COMMAND,
                        "ce_specversion",
                        "1.0",
                        "ce-id",
                        "17",
                        "cloudEvents:source",
                        "/shop",
                        "CE_Type",
                        "t")))
                .isEqualTo("/shop|17");
    }

    @Test
    void overHttpTheValueIsDecodedWhereThePrefixIsHttps() {
        assertThat(id(overHttp(
                        COMMAND, "ce-specversion", "1.0", "ce-id", "\"a%20b\"", "ce-source", "/shop", "ce-type", "t")))
                .isEqualTo("/shop|a b");
        assertThat(id(overHttp(COMMAND, "ce-specversion", "1.0", "ce-id", "50%", "ce-source", "/shop", "ce-type", "t")))
                .isEqualTo("/shop|50%");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-", "application/json", "text/plain"})
    void anEnvelopeWithoutItsContentTypeIsTaken(String contentType) {
        String[] headers = contentType.equals("-") ? new String[0] : new String[] {"content-type", contentType};
        String value = "{" + EVENT + ", \"data\": " + COMMAND + "}";

        assertThat(id(onKafka(1, value, headers))).isEqualTo("/shop|17");
        assertThat(id(overHttp(value, headers))).isEqualTo("/shop|17");
        assertThat(id(onKafka(1, value, both(headers, event("ce-", false))))).isEqualTo("/shop|17");
    }

    @Test
    void aContentTypeInCapitalsIsOne() {
        String value = "{" + EVENT + ", \"data\": " + COMMAND + "}";

        assertThat(id(onKafka(1, value, "Content-Type", "application/cloudevents+json")))
                .isEqualTo("/shop|17");
    }

    @Test
    void namesThatAreEverybodysMeanNothingByThemselves() {
        assertThat(id(onKafka(
                        1, COMMAND, "id", "17", "source", "/shop", "type", "t", "trace.id", "x", "service-id", "y")))
                .isEqualTo("dbt.commands-3-1-1790000000000");
    }

    // what is put aside

    @ParameterizedTest
    @CsvSource({
        "ce_id,     17,    ce-id,      18,    ce-id: is '18'",
        "ce_id,     17,    ce_id,      18,    ce_id: is '18'",
        "ce-source, /shop, Ce-Source,  /blog, Ce-Source: is '/blog'",
        "ce_source, /shop, cloudEvents:source, /blog, cloudEvents:source: is '/blog'",
        "ce_id,     17,    ce.id,      18,    ce.id: looks like the attribute id",
        "ce_type,   t,     x-ce-id,    17,    x-ce-id: looks like the attribute id",
        "other,     17,    cloudevents.id, 17, cloudevents.id: looks like the attribute id",
        "other,     17,    CloudEvent-Id, 17, CloudEvent-Id: looks like the attribute id",
        "content-type, application/cloudevents+json, Content-Type, application/json, Content-Type: is 'application/json'",
    })
    void headersThatLeaveOpenWhichEventItIsAreNamed(
            String one, String value, String other, String otherValue, String message) {
        String[] headers = {one, value, other, otherValue};

        assertThat(letter(onKafka(1, COMMAND, headers))).startsWith(message);
        assertThat(letter(overHttp(COMMAND, headers))).contains(message.substring(message.indexOf(':')));
    }

    /** Whether the bridge has decoded it nobody can tell; two roads would make two ids of one event. */
    @Test
    void aValueThatOneBindingDecodesAndTheOtherDoesNotIsNamed() {
        assertThat(letter(onKafka(
                        1, COMMAND, "ce-specversion", "1.0", "ce-id", "a%20b", "ce-source", "/shop", "ce-type", "t")))
                .isEqualTo(
                        "ce-id: has an escape or quotes, which ce- of HTTP decodes and ce_ of Kafka does not; write it as"
                                + " ce_id");
        assertThat(letter(onKafka(1, COMMAND, "ce-id", "\"17\""))).startsWith("ce-id: has an escape or quotes");
        assertThat(letter(overHttp(COMMAND, "ce_source", "/a%20b"))).startsWith("ce_source: has an escape or quotes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ce_", "ce-"})
    void anEnvelopeAndHeadersOfTwoEventsAreNamed(String prefix) {
        String value = "{" + EVENT.replace("17", "18") + ", \"data\": " + COMMAND + "}";

        for (String contentType : List.of("application/json", "application/cloudevents+json")) {
            assertThat(letter(onKafka(1, value, both(event(prefix, false), "content-type", contentType))))
                    .isEqualTo(
                            "ce_id: is '17', but the CloudEvent in the value has another id; send one CloudEvent, in one"
                                    + " mode");
        }
    }

    @Test
    void aBatchIsNamed() {
        String batch = "[{" + EVENT + ", \"data\": " + COMMAND + "}]";

        assertThat(letter(onKafka(1, batch, "content-type", "application/cloudevents-batch+json")))
                .isEqualTo("content-type: 'application/cloudevents-batch+json' is not read, only"
                        + " application/cloudevents+json; send each event of the batch by itself");
        assertThat(letter(onKafka(1, batch)))
                .isEqualTo("the record is no JSON object but a list; send each command by itself");
    }

    /** All ways to spell an event, and all faults: it has its own id, or it is not carried out. */
    @Test
    void noEventWithAnIdGetsAnotherOne() {
        List<String> prefixes = List.of("ce_", "ce-", "cloudEvents:", "CE_", "", "ce.", "x-ce-", "cloudevents.");
        for (String ofId : prefixes) {
            for (String ofSource : prefixes) {
                for (String ofVersion : prefixes) {
                    Input.RecordInput read = onKafka(
                            1,
                            COMMAND,
                            ofVersion + "specversion",
                            "1.0",
                            ofId + "id",
                            "17",
                            ofSource + "source",
                            "/shop",
                            "ce_type",
                            "t");
                    if (read instanceof Input.CommandReceived commanded
                            && commanded.command() instanceof Command.Fit fit) {
                        assertThat(fit.id())
                                .as(ofVersion + " " + ofId + " " + ofSource)
                                .isEqualTo("/shop|17");
                    }
                }
            }
        }
    }

    private static String[] event(String prefix, boolean capitals) {
        return new String[] {
            prefix + (capitals ? "Specversion" : "specversion"), "1.0",
            prefix + (capitals ? "Id" : "id"), "17",
            prefix + (capitals ? "Source" : "source"), "/shop",
            prefix + (capitals ? "Type" : "type"), "com.example.landed"
        };
    }

    private static String[] both(String[] one, String... other) {
        List<String> all = new ArrayList<>(Arrays.asList(one));
        all.addAll(Arrays.asList(other));
        return all.toArray(String[]::new);
    }

    private static String id(Input.RecordInput input) {
        assertThat(input).isInstanceOf(Input.CommandReceived.class);
        Command command = ((Input.CommandReceived) input).command();
        assertThat(command).isInstanceOf(Command.Fit.class);
        return command.id();
    }

    private static String letter(Input.RecordInput input) {
        assertThat(input).isInstanceOf(Input.NotACommand.class);
        var verdict = ((Input.NotACommand) input).verdict();
        assertThat(verdict.reason()).isEqualTo(DeadLetterReason.MALFORMED);
        return verdict.message();
    }

    private Input.RecordInput onKafka(long offset, String value, String... headers) {
        RecordHeaders all = new RecordHeaders();
        for (int i = 0; i < headers.length; i += 2) {
            all.add(headers[i], bytes(headers[i + 1]));
        }
        return decoder.decode(new ConsumerRecord<>(
                "dbt.commands",
                3,
                offset,
                1790000000000L,
                TimestampType.CREATE_TIME,
                0,
                0,
                new byte[0],
                bytes(value),
                all,
                Optional.empty()));
    }

    private Input.RecordInput overHttp(String value, String... headers) {
        Map<String, List<String>> all = new LinkedHashMap<>();
        for (int i = 0; i < headers.length; i += 2) {
            all.computeIfAbsent(headers[i], name -> new ArrayList<>()).add(headers[i + 1]);
        }
        return decoder.decode(bytes(value), EventHeaders.ofRequest(all), "the-default-id", Instant.EPOCH);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}

package org.dbtrelay.dbtcloud.runs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TriggerBodyTest {

    private static String body(@Nullable String additional, @Nullable List<String> steps, @Nullable String schema)
            throws IOException {
        return new String(
                TriggerBody.of(new TriggerRequest(1, 2, "why \"so\"", steps, schema, additional, null)),
                StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"a\":2.50}",
                "{\"a\":1e400}",
                "{\"a\":-0.0}",
                "{\"a\":1E+2}",
                "{\"a\":12345678901234567890123}",
                "{\"a\":0.1234567890123456789012345}",
                "{\"a\":[1.0,[2.00,{\"b\":3.000}],null,true,\"2.50\"],\"c\":{}}"
            })
    void furtherFieldsGoOnToTheDigit(String additional) throws IOException {
        assertThat(body(additional, null, null)).isEqualTo("{\"cause\":\"why \\\"so\\\"\"," + additional.substring(1));
    }

    @Test
    void whatHasAFieldOfItsOwnIsWrittenOnce() throws IOException {
        assertThat(body(
                        "{\"cause\":\"x\",\"steps_override\":[1],\"schema_override\":\"y\",\"b\":1}",
                        List.of("dbt build"),
                        "s"))
                .isEqualTo("{\"cause\":\"why \\\"so\\\"\",\"steps_override\":[\"dbt build\"],"
                        + "\"schema_override\":\"s\",\"b\":1}");
        assertThat(body(null, null, null)).isEqualTo("{\"cause\":\"why \\\"so\\\"\"}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[]", "1", "{\"a\":1", "{\"a\":[1}", "{} {}", "{\"a\":1e}"})
    void whatIsNoObjectIsNotSent(String additional) {
        assertThatThrownBy(() -> body(additional, null, null)).isInstanceOf(IOException.class);
    }
}

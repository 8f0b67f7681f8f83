package org.dbtrelay.run.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TraceContextTest {

    private static final String PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    @ParameterizedTest
    @ValueSource(
            strings = {
                PARENT,
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
                "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-brings",
            })
    void a_valid_traceparent_goes_on_as_it_came(String traceparent) {
        assertThat(TraceContext.of(traceparent, null)).isEqualTo(new TraceContext(traceparent, null));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "nonsense",
                "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                "00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01",
                "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 ",
                "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more",
                "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-a\r\nHost: x",
            })
    void an_invalid_one_is_none(String traceparent) {
        assertThat(TraceContext.of(traceparent, "vendor=1")).isNull();
    }

    @Test
    void a_future_one_has_its_bounds() {
        assertThat(TraceContext.of(PARENT.replaceFirst("00", "cc") + "-" + "x".repeat(201), null))
                .isNull();
    }

    @Test
    void a_state_alone_is_none() {
        assertThat(TraceContext.of(null, "vendor=1")).isNull();
    }

    static Stream<String> states() {
        return Stream.of(
                "vendor=1",
                "congo=t61rcWkgMzE, rojo=00f067aa0ba902b7",
                "fw529a3039@dt=a b/c*d;e:f",
                "a=" + "x".repeat(256),
                "a=" + "x".repeat(256) + ",b=" + "x".repeat(251),
                members(32));
    }

    @ParameterizedTest
    @MethodSource("states")
    void a_fit_state_goes_along(String tracestate) {
        assertThat(TraceContext.of(PARENT, tracestate)).isEqualTo(new TraceContext(PARENT, tracestate));
    }

    static Stream<String> unfitStates() {
        return Stream.of(
                "",
                "vendor",
                "vendor=",
                "vendor=1,",
                "Vendor=1",
                "vendor=a=b",
                "vendor=1\r\nHost: x",
                "vendor=ü",
                members(33),
                "a=" + "x".repeat(256) + ",b=" + "x".repeat(253));
    }

    @ParameterizedTest
    @MethodSource("unfitStates")
    void an_unfit_state_is_dropped_and_the_parent_stays(String tracestate) {
        assertThat(TraceContext.of(PARENT, tracestate)).isEqualTo(new TraceContext(PARENT, null));
    }

    private static String members(int count) {
        return String.join(
                ",", IntStream.range(0, count).mapToObj(i -> "k" + i + "=v").toList());
    }
}

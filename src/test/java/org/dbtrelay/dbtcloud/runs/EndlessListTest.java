package org.dbtrelay.dbtcloud.runs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.smallrye.mutiny.Uni;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.connection.SimConnections;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.metrics.SimMetrics;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.sim.SimResponse;
import org.jboss.resteasy.reactive.RestResponse;
import org.junit.jupiter.api.Test;

/** A search for a lost start reads as long as there are runs that could be the one: that must have an end, whatever dbt Cloud lists. */
class EndlessListTest {

    private static final int MOST = 20;
    private static final int PAGE = 100;
    private static final Instant LONG_AGO = Instant.parse("2020-01-01T00:00:00Z");

    private final AtomicInteger requests = new AtomicInteger();

    @Test
    void aServerThatDoesNotLookAtTheOffsetIsNotAskedForEver() {
        DbtCloudClient client = client(_ -> 5_000);

        CallFailure failure = failureOf(() -> client.searches().find(1, 7, "[m]", 5L, LONG_AGO));

        assertThat(failure)
                .as("it is not known whether there is a run")
                .isInstanceOfSatisfying(
                        CallFailure.Unclear.class,
                        unclear -> assertThat(unclear.detail()).contains("the same runs again"));
        assertThat(requests).hasValueLessThan(MOST);
    }

    @Test
    void aSweepIsNotEndlessEither() {
        DbtCloudClient client = client(_ -> 5_000);

        assertThat(failureOf(() -> client.searches().each(1, "[m", LONG_AGO, _ -> {})))
                .isInstanceOf(CallFailure.Unclear.class);
        assertThat(requests).hasValueLessThan(MOST);
    }

    /** Many runs start while a search pages: what was on one page is on the next again. */
    @Test
    void pagesThatNewRunsHavePushedBackAreNoEnd() throws DbtCloudException {
        DbtCloudClient client = client(request -> 2_000 - PAGE * ((request + 1) / 2));

        assertThat(client.searches().find(1, 7, "[m]", 1_050L, LONG_AGO)).isEmpty();
    }

    /** {@code highest}: by the number of the request, the highest id of its page. */
    private DbtCloudClient client(IntFunction<Integer> highest) {
        SimConnections.Api api = (SimConnections.Api) Proxy.newProxyInstance(
                EndlessListTest.class.getClassLoader(),
                new Class<?>[] {SimConnections.Api.class},
                (proxy, method, arguments) -> page(highest.apply(requests.incrementAndGet())));
        return new SimConnections(
                        TestConnections.config(Map.of(
                                "relay.connections.default.host", "https://cloud.example",
                                "relay.connections.default.account-id", "1",
                                "relay.connections.default.token", "dbtc_none")),
                        api,
                        Clock.systemUTC(),
                        new Monotonic(),
                        SimMetrics.none())
                .connections()
                .find("default")
                .orElseThrow();
    }

    private Uni<RestResponse<InputStream>> page(int highest) {
        if (requests.get() > MOST) {
            throw new AssertionError("it goes on and on");
        }
        String rows = IntStream.range(0, PAGE)
                .mapToObj(i -> "{\"id\":" + (highest - i) + ",\"job_definition_id\":7,\"status\":1,\"created_at\":\""
                        + (highest - i > 1_050 ? "2026-11-22T10:00:00Z" : "2019-01-01T00:00:00Z")
                        + "\",\"trigger\":{\"cause\":\"nightly\"}}")
                .collect(Collectors.joining(",", "[", "]"));
        return Uni.createFrom().item(SimResponse.json(200, "{\"status\":{\"is_success\":true},\"data\":" + rows + "}"));
    }

    private static CallFailure failureOf(ThrowingCallable call) {
        return catchThrowableOfType(DbtCloudException.class, call).failure();
    }
}

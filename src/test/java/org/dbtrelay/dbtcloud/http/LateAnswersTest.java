package org.dbtrelay.dbtcloud.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.smallrye.mutiny.Uni;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.budget.RequestBudget;
import org.dbtrelay.dbtcloud.budget.RequestBudgets;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.run.job.CallFailure;
import org.jboss.resteasy.reactive.RestResponse;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The head of an answer comes in the very moment in which its caller gives up: nobody reads the body, which holds a connection. */
class LateAnswersTest {

    private static final long ACCOUNT = TestConnections.ACCOUNT;

    private final AtomicInteger closed = new AtomicInteger();

    /** A wait is over just when the answer is there. */
    private final Monotonic tooLate = new Monotonic() {
        @Override
        public <T> T get(CompletableFuture<T> future, Duration atMost) throws TimeoutException {
            future.join();
            throw new TimeoutException();
        }
    };

    /** The REST client itself closes the body of a good answer only. */
    @ParameterizedTest
    @ValueSource(ints = {200, 404, 500})
    void theConnectionIsGivenBackWhateverTheStatus(int status) {
        RelayConfig.Connection settings = TestConnections.settings("https://ab123.us1.dbt.com", Map.of());
        RequestBudget budget = new RequestBudgets(Clock.systemUTC(), tooLate).of(settings, ACCOUNT);
        InputStream body = new ByteArrayInputStream(new byte[10]) {
            @Override
            public void close() {
                closed.incrementAndGet();
            }
        };
        DbtCloudApi api = (DbtCloudApi) Proxy.newProxyInstance(
                DbtCloudApi.class.getClassLoader(),
                new Class<?>[] {DbtCloudApi.class},
                (proxy, method, arguments) -> Uni.createFrom()
                        .item(RestResponse.ResponseBuilder.create(RestResponse.Status.fromStatusCode(status), body)
                                .build()));
        ApiCalls calls = new ApiCalls(
                api,
                api,
                (RedirectedApi) Proxy.newProxyInstance(
                        RedirectedApi.class.getClassLoader(),
                        new Class<?>[] {RedirectedApi.class},
                        (proxy, method, arguments) -> Uni.createFrom().nothing()),
                new Redirects(URI.create("https://ab123.us1.dbt.com")),
                _ -> budget,
                Set.of(ACCOUNT),
                new FailureMapper(ApiToken.of(TestConnections.TOKEN), Clock.systemUTC()),
                Duration.ofSeconds(1),
                Clock.systemUTC(),
                tooLate);

        DbtCloudException failure = catchThrowableOfType(
                DbtCloudException.class,
                () -> calls.get(ACCOUNT, Priority.POLL, it -> it.job(ACCOUNT, 1), InputStream::readAllBytes));

        assertThat(failure.failure()).isInstanceOf(CallFailure.Unclear.class);
        assertThat(closed.get()).isPositive();
        assertThat(budget.slotsTaken()).isZero();
    }
}

package org.dbtrelay.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.ServiceUnavailableException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.run.job.CallFailure;
import org.junit.jupiter.api.Test;

class LogReadsTest {

    private static final List<String> LOGS = List.of("trigger", "debug_logs");

    private final List<Runnable> alarms = new ArrayList<>();

    private final LogReads reads = new LogReads(
            new Monotonic() {
                @Override
                public Alarm alarm(Duration after, Runnable task) {
                    alarms.add(task);
                    return () -> alarms.remove(task);
                }
            },
            Duration.ofMillis(1));

    /** Somebody who has asked, and takes the answer or not. */
    private static final class Client {

        private final List<Handler<AsyncResult<Void>>> handlers = new ArrayList<>();
        private boolean closed;

        private final HttpConnection connection = proxy(HttpConnection.class, (proxy, called, arguments) -> {
            if (called.getName().equals("close")) {
                hasGone();
            }
            return Future.succeededFuture();
        });
        private final HttpServerRequest request =
                proxy(HttpServerRequest.class, (proxy, called, arguments) -> connection);
        private final HttpServerResponse response =
                proxy(HttpServerResponse.class, (proxy, called, arguments) -> closed);

        @SuppressWarnings("unchecked")
        private final RoutingContext context =
                proxy(RoutingContext.class, (proxy, called, arguments) -> switch (called.getName()) {
                    case "request" -> request;
                    case "response" -> response;
                    case "addEndHandler" -> {
                        if (!closed) {
                            handlers.add((Handler<AsyncResult<Void>>) arguments[0]);
                        }
                        yield 1;
                    }
                    default -> throw new UnsupportedOperationException(called.getName());
                });

        void hasTheAnswer() {
            handlers.forEach(handler -> handler.handle(Future.succeededFuture()));
        }

        void hasGone() {
            closed = true;
            handlers.forEach(handler -> handler.handle(Future.failedFuture("closed")));
        }

        private static <T> T proxy(Class<T> type, InvocationHandler handler) {
            return type.cast(
                    Proxy.newProxyInstance(LogReadsTest.class.getClassLoader(), new Class<?>[] {type}, handler));
        }
    }

    private Client ask() throws DbtCloudException {
        Client client = new Client();
        assertThat(reads.read(LOGS, client.context, () -> "logs")).isEqualTo("logs");
        return client;
    }

    private void assertThatAllPlacesAreTaken() {
        assertThatThrownBy(this::ask)
                .isInstanceOf(ServiceUnavailableException.class)
                .hasMessageContaining("ask again");
    }

    @Test
    void aThirdWaitsUntilOneHasItsAnswer() throws DbtCloudException {
        Client one = ask();
        ask();
        assertThatAllPlacesAreTaken();

        one.hasTheAnswer();
        one.hasTheAnswer();

        ask();
        assertThatAllPlacesAreTaken();
    }

    @Test
    void readsWithoutLogsNeverWait() throws DbtCloudException {
        ask();
        ask();

        assertThat(reads.read(List.of("trigger"), new Client().context, () -> "no logs"))
                .isEqualTo("no logs");
    }

    @Test
    void aClientThatDoesNotTakeItsAnswerIsCutOff() throws DbtCloudException {
        Client one = ask();
        ask();

        alarms.removeFirst().run();

        assertThat(one.closed).isTrue();
        ask();
        assertThat(alarms).hasSize(2);
    }

    @Test
    void forAClientThatWentWhileItWaitedNothingIsReadAndNoPlaceKept() throws DbtCloudException {
        for (int i = 0; i < 3; i++) {
            Client gone = new Client();
            gone.hasGone();
            assertThatThrownBy(() -> reads.read(LOGS, gone.context, () -> fail("a read for nobody")))
                    .hasMessage("the client has gone");
        }

        ask();
    }

    @Test
    void aReadThatFailsKeepsItsPlaceNoLongerThanItsAnswer() throws DbtCloudException {
        ask();
        Client client = new Client();
        assertThatThrownBy(() -> reads.read(LOGS, client.context, () -> {
                    throw new DbtCloudException(new CallFailure.Unclear("no answer"));
                }))
                .isInstanceOf(DbtCloudException.class);

        client.hasTheAnswer();

        ask();
    }
}

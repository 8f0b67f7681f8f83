package org.dbtrelay.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.dbtrelay.config.Monotonic;
import org.junit.jupiter.api.Test;

/** Whoever downloads holds a slot that others wait for. */
class DownloadsTest {

    private static final byte[] ARTIFACT = new byte[100_000];

    private final List<Runnable> alarms = new ArrayList<>();
    private final List<Duration> times = new ArrayList<>();
    private boolean closed;
    private boolean cutOff;

    private final Monotonic time = new Monotonic() {
        @Override
        public Alarm alarm(Duration after, Runnable task) {
            times.add(after);
            alarms.add(task);
            return () -> alarms.remove(task);
        }
    };

    @Test
    void aClientGetsAllOfIt() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();

        Downloads.passOn(new ByteArrayInputStream(ARTIFACT), out, client(), time);

        assertThat(out.size()).isEqualTo(ARTIFACT.length);
        assertThat(alarms).isEmpty();
        assertThat(times).isNotEmpty().containsOnly(Duration.ofSeconds(100));
        assertThat(cutOff).isFalse();
    }

    @Test
    void aClientThatTakesNothingIsCutOff() throws IOException {
        OutputStream stuck = new OutputStream() {
            @Override
            public void write(int octet) {
                throw new UnsupportedOperationException("pieces only");
            }

            @Override
            public void write(byte[] bytes, int from, int length) {
                List.copyOf(alarms).forEach(Runnable::run);
            }
        };

        Downloads.passOn(new ByteArrayInputStream(ARTIFACT), stuck, client(), time);

        assertThat(cutOff).isTrue();
    }

    @Test
    void forAClientThatHasGoneNothingMoreIsFetched() throws IOException {
        closed = true;
        ByteArrayInputStream artifact = new ByteArrayInputStream(ARTIFACT);

        Downloads.passOn(artifact, new ByteArrayOutputStream(), client(), time);

        assertThat(artifact.available()).isEqualTo(ARTIFACT.length);
    }

    private RoutingContext client() {
        HttpConnection connection = proxy(HttpConnection.class, (proxy, called, arguments) -> {
            cutOff |= called.getName().equals("close");
            closed |= cutOff;
            return Future.succeededFuture();
        });
        HttpServerRequest request = proxy(HttpServerRequest.class, (proxy, called, arguments) -> connection);
        HttpServerResponse response = proxy(HttpServerResponse.class, (proxy, called, arguments) -> closed);
        return proxy(
                RoutingContext.class,
                (proxy, called, arguments) -> called.getName().equals("request") ? request : response);
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(DownloadsTest.class.getClassLoader(), new Class<?>[] {type}, handler));
    }
}

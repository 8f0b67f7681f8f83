package org.dbtrelay.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.dbtrelay.config.Monotonic;
import org.junit.jupiter.api.Test;

/** A reader gets each event once, or learns that it is not there any more; and whoever goes away leaves his place to others. */
class EventStreamTest {

    private static final int MOST = 100;
    private static final String NOTHING_NEW = ": nothing new\n\n";
    private static final String NOBODY = ": no instance has the command now\n\n";

    /** What is known of the command, one after another; the last again and again. */
    private final Deque<Response> answers = new ArrayDeque<>();

    private final List<Wait> waits = new ArrayList<>();
    private final HandTurned time = new HandTurned();
    private final News news = new News();
    private final EventStream streams = new EventStream(news, time, new ObjectMapper());
    private final Request request = new Request();

    /** An hour passes at once. */
    private static final class HandTurned extends Monotonic {

        private final List<Runnable> due = new ArrayList<>();
        private long nanos;
        private boolean interrupted;

        @Override
        public long nanos() {
            return nanos;
        }

        @Override
        public void pause(Duration time) throws InterruptedException {
            if (interrupted) {
                throw new InterruptedException("the thread is to end");
            }
            nanos += time.toNanos();
        }

        @Override
        public void after(Duration delay, Runnable task) {
            due.add(task);
        }

        void runDue() {
            due.forEach(Runnable::run);
            due.clear();
        }
    }

    private final class News extends CommandNews {

        private boolean stopping;

        News() {
            super(null, null, null, null, null);
        }

        @Override
        boolean isStopping() {
            return stopping;
        }

        @Override
        Response await(String commandId, Wait wait, boolean ofInstance) {
            assertThat(commandId).isEqualTo("c1");
            assertThat(ofInstance).as("of any instance").isFalse();
            waits.add(wait);
            time.nanos += wait.longest().toNanos();
            return answers.size() > 1 ? answers.removeFirst() : answers.getFirst();
        }
    }

    /** A request whose reader may go away. */
    private static final class Request {

        private final List<Handler<?>> atEnd = new ArrayList<>();
        private boolean closed;
        private boolean cutOff;

        RoutingContext context() {
            HttpConnection connection = proxy(HttpConnection.class, (proxy, called, arguments) -> {
                cutOff = called.getName().equals("close");
                return Future.succeededFuture();
            });
            HttpServerRequest incoming = proxy(HttpServerRequest.class, (proxy, called, arguments) -> connection);
            HttpServerResponse outgoing = proxy(HttpServerResponse.class, (proxy, called, arguments) -> closed);
            return proxy(RoutingContext.class, (proxy, called, arguments) -> switch (called.getName()) {
                case "request" -> incoming;
                case "response" -> outgoing;
                case "addEndHandler" -> {
                    atEnd.add((Handler<?>) arguments[0]);
                    yield 1;
                }
                default -> throw new IllegalStateException(called.getName());
            });
        }

        void end() {
            atEnd.forEach(handler -> handler.handle(null));
        }

        private static <T> T proxy(Class<T> type, InvocationHandler handler) {
            return type.cast(
                    Proxy.newProxyInstance(EventStreamTest.class.getClassLoader(), new Class<?>[] {type}, handler));
        }
    }

    private void answer(String json) {
        answers.add(Response.ok(json).build());
    }

    private void finished(int told) {
        answer("{\"state\": \"finished\", \"events_told\": " + told + "}");
    }

    private void unknown() {
        answers.add(Response.status(404).build());
    }

    private static String event(int sequence, String type) {
        return "{\"sequence\":%d,\"type\":\"%s\",\"context\":2.50}".formatted(sequence, type);
    }

    /** The first answer only says that there is the command. */
    private String stream(int last) throws IOException {
        answers.addFirst(Response.ok("{}").build());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ((StreamingOutput) streams.of("c1", last, request.context()).getEntity()).write(out);
        return out.toString(UTF_8);
    }

    @Test
    void tellsEachEventOnceUntilTheCommandIsFinished() throws IOException {
        String accepted = event(0, "command.accepted");
        String queued = event(1, "run.queued");
        String ended = event(2, "run.succeeded");
        answer("{\"state\": \"waiting\", \"events_told\": 1, \"events\": [" + accepted + "]}");
        answer("{\"state\": \"following\", \"events_told\": 2, \"events\": [" + accepted + "," + queued + "]}");
        answer("{\"state\": \"finished\", \"events_told\": 3, \"events\": [" + queued + "," + ended + "]}");

        assertThat(stream(-1))
                .isEqualTo("id: 0\nevent: command.accepted\ndata: " + accepted + "\n\n"
                        + "id: 1\nevent: run.queued\ndata: " + queued + "\n\n"
                        + "id: 2\nevent: run.succeeded\ndata: " + ended + "\n\n");
        assertThat(waits).extracting(Wait::after).containsExactly(null, -1, 0, 1);
    }

    @Test
    void goesOnWhereTheReaderHadBeen() throws IOException {
        String ended = event(2, "run.succeeded");
        answer("{\"state\": \"finished\", \"events_told\": 3, \"events\": [" + event(1, "run.queued") + "," + ended
                + "]}");

        assertThat(stream(1)).isEqualTo("id: 2\nevent: run.succeeded\ndata: " + ended + "\n\n");
    }

    @Test
    void tellsWhatIsNotInMemoryAnyMore() throws IOException {
        String queued = event(3, "run.queued");
        answer("{\"state\": \"finished\", \"events_told\": 6, \"events\": [" + queued + "], \"timeline\": ["
                + "{\"sequence\": 0, \"type\": \"command.accepted\", \"at\": \"2026-11-29T10:00:00Z\"},"
                + "{\"sequence\": 2, \"type\": \"run.stray\", \"at\": \"2026-11-29T10:00:01Z\"},"
                + "{\"sequence\": 3, \"type\": \"run.queued\", \"at\": \"2026-11-29T10:00:02Z\"}]}");

        assertThat(stream(0))
                .isEqualTo("id: 1\nevent: gap\ndata: {\"from\":1,\"to\":1}\n\n"
                        + "id: 2\nevent: run.stray\ndata: {\"command_id\":\"c1\",\"sequence\":2,\"type\":\"run.stray\","
                        + "\"observed_at\":\"2026-11-29T10:00:01Z\",\"partial\":true}\n\n"
                        + "id: 3\nevent: run.queued\ndata: " + queued + "\n\n"
                        + "id: 5\nevent: gap\ndata: {\"from\":4,\"to\":5}\n\n");
    }

    @Test
    void aCommentSaysThatBothAreStillThere() throws IOException {
        answer("{\"state\": \"following\", \"events_told\": 1}");
        unknown();
        answer("no JSON");
        finished(1);

        assertThat(stream(0)).isEqualTo(NOTHING_NEW + NOBODY + NOBODY + NOTHING_NEW);
    }

    @Test
    void endsWhenNobodyHasHadTheCommandForAMinute() throws IOException {
        unknown();

        String told = stream(0);

        assertThat(told.replace(NOBODY, "")).isEmpty();
        assertThat(Duration.ofNanos(time.nanos)).isBetween(Duration.ofSeconds(60), Duration.ofSeconds(72));
    }

    @Test
    void endsAfterAnHour() throws IOException {
        answer("{\"state\": \"following\", \"events_told\": 1}");

        assertThat(stream(0)).isEqualTo(NOTHING_NEW.repeat(360));
        assertThat(Duration.ofNanos(time.nanos)).isEqualTo(Duration.ofHours(1));
    }

    @Test
    void endsWithTheRelayWithItsReaderAndWithItsThread() throws IOException {
        unknown();
        time.interrupted = true;
        assertThat(stream(0)).isEqualTo(NOBODY);
        assertThat(Thread.interrupted()).as("whoever called learns of it").isTrue();

        news.stopping = true;
        assertThat(stream(0)).isEmpty();
    }

    @Test
    void aReaderThatHasGoneGetsNoStream() throws IOException {
        answer("{}");
        Response begun = streams.of("c1", -1, request.context());
        request.closed = true;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ((StreamingOutput) begun.getEntity()).write(out);
        assertThat(out.size()).isZero();

        assertThat(streams.of("c1", -1, request.context()).getEntity()).isNotInstanceOf(StreamingOutput.class);
    }

    @Test
    void aReaderThatTakesNothingIsCutOff() throws IOException {
        answer("{}");
        finished(1);
        stream(0);
        time.runDue();
        assertThat(request.cutOff).as("it took what there was").isFalse();

        answers.addFirst(Response.ok("{}").build());
        OutputStream stuck = new ByteArrayOutputStream() {
            @Override
            public void flush() {
                time.runDue();
            }
        };
        ((StreamingOutput) streams.of("c1", -1, request.context()).getEntity()).write(stuck);
        assertThat(request.cutOff).isTrue();
    }

    @Test
    void whatIsNoCommandIsSaidAtOnceAndTakesNoPlace() {
        unknown();
        for (int i = 0; i <= MOST; i++) {
            assertThat(streams.of("c1", -1, request.context()).getStatus()).isEqualTo(404);
        }
    }

    @Test
    void onlySoManyAreOpenAndEachGivesItsPlaceBackOnce() throws IOException {
        answer("{}");
        Response first = streams.of("c1", -1, request.context());
        assertThat(first.getHeaderString("Content-Type")).isEqualTo("text/event-stream");
        assertThat(first.getHeaderString("Cache-Control")).isEqualTo("no-store");
        for (int i = 1; i < MOST; i++) {
            assertThat(streams.of("c1", -1, new Request().context()).getStatus())
                    .isEqualTo(200);
        }
        assertThat(streams.of("c1", -1, new Request().context()).getStatus()).isEqualTo(503);

        news.stopping = true;
        ((StreamingOutput) first.getEntity()).write(OutputStream.nullOutputStream());
        request.end();
        assertThat(streams.of("c1", -1, new Request().context()).getStatus()).isEqualTo(200);
        assertThat(streams.of("c1", -1, new Request().context()).getStatus()).isEqualTo(503);
    }
}

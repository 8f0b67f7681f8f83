package org.dbtrelay.dbtcloud.connection;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.dbtcloud.connection.AgainstWireMock.failureOf;
import static org.dbtrelay.dbtcloud.connection.TestConnections.ACCOUNT;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.runs.TriggerRequest;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobRunStatus;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Answers whose bodies do not end, or take their time: neither memory nor request slots are theirs. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
@Timeout(60)
class EndlessAnswersTest {

    private static final long MIB = 1024 * 1024;
    private static final String RUN = AgainstWireMock.envelope("{\"id\":9,\"job_id\":2,\"status\":10}");

    /** Writes a body; a failed write means that the relay has had enough. */
    private interface Body {
        void write(OutputStream out) throws IOException, InterruptedException;
    }

    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicLong sent = new AtomicLong();
    private final CountDownLatch closed = new CountDownLatch(1);
    private ServerSocket server;

    @AfterEach
    void stopServer() throws IOException {
        server.close();
    }

    @Test
    void anAnswerWithoutEndIsNotHeld() throws Exception {
        DbtCloudClient client = answering("200 OK", this::blanks, "1m");

        CallFailure failure = failureOf(() -> client.runs().run(ACCOUNT, 9, Priority.POLL));

        assertThat(failure).isInstanceOf(CallFailure.Refused.class);
        assertThat(failure.detail()).contains("more than 16 MiB");
        assertHasHadEnough();
    }

    @Test
    void anArtifactWithoutEndIsFetchedNoFurtherThanItIsRead() throws Exception {
        DbtCloudClient client = answering("200 OK", this::blanks, "1m");

        try (var body = client.artifacts().getJobRunArtifact(ACCOUNT, 9, "manifest.json", null)) {
            assertThat(body.stream().readNBytes(100_000)).hasSize(100_000);
        }

        assertHasHadEnough();
    }

    @Test
    void anAnswerThatDripsOrFallsSilentIsBrokenOffAtTheLimit() throws Exception {
        DbtCloudClient drips = answering("200 OK", EndlessAnswersTest::drops, "2s");
        assertLate(() -> drips.runs().run(ACCOUNT, 9, Priority.POLL));
        assertThat(closed.await(30, TimeUnit.SECONDS))
                .as("the connection is closed")
                .isTrue();
        server.close();

        DbtCloudClient silent = answering("200 OK", EndlessAnswersTest::silence, "2s");
        assertLate(() -> silent.runs().run(ACCOUNT, 9, Priority.POLL));
    }

    @Test
    void nobodyKnowsWhatCameOfAStartWhoseAnswerDrips() throws Exception {
        DbtCloudClient client = answering("200 OK", EndlessAnswersTest::drops, "2s");

        assertLate(() -> client.jobRuns()
                .triggerJobRun(new TriggerRequest(ACCOUNT, 2, "a test", null, null, null, null), false));
    }

    private void assertHasHadEnough() throws InterruptedException {
        assertThat(closed.await(30, TimeUnit.SECONDS))
                .as("the connection is closed")
                .isTrue();
        assertThat(sent.get()).isLessThan(64 * MIB);
    }

    private static void assertLate(ThrowingCallable call) {
        assertThat(failureOf(call)).isEqualTo(new CallFailure.Unclear("No answer from dbt Cloud within 2000 ms."));
    }

    @Test
    void aRefusalThatDripsIsARefusal() throws Exception {
        DbtCloudClient client = answering("404 Not Found", EndlessAnswersTest::drops, "5s");

        CallFailure failure = failureOf(() -> client.runs().run(ACCOUNT, 9, Priority.POLL));

        assertThat(failure).isInstanceOf(CallFailure.NotFound.class);
        assertThat(closed.await(30, TimeUnit.SECONDS))
                .as("the connection is closed")
                .isTrue();
    }

    @Test
    void aConnectionThatGaveAWholeAnswerServesTheNext() throws Exception {
        DbtCloudClient client = answering(
                "200 OK",
                out -> {
                    chunk(out, RUN.substring(0, 20));
                    chunk(out, RUN.substring(20));
                    out.write("0\r\n\r\n".getBytes(US_ASCII));
                },
                "10s");

        for (int i = 0; i < 3; i++) {
            assertThat(client.runs().run(ACCOUNT, 9, Priority.POLL).status()).isEqualTo(JobRunStatus.Known.SUCCESS);
            assertThat(client.jobRuns().getJobRun(ACCOUNT, 9, List.of()).id()).isEqualTo(9);
        }

        assertThat(connections).hasValue(1);
    }

    private DbtCloudClient answering(String status, Body body, String readTimeout) throws IOException {
        server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        Thread.startVirtualThread(() -> {
            while (!server.isClosed()) {
                try {
                    Socket socket = server.accept();
                    connections.incrementAndGet();
                    Thread.startVirtualThread(() -> serve(socket, status, body));
                } catch (IOException e) {
                    return;
                }
            }
        });
        return TestConnections.client("http://127.0.0.1:" + server.getLocalPort(), Map.of("read-timeout", readTimeout));
    }

    private void serve(Socket socket, String status, Body body) {
        try (socket) {
            InputStream in = socket.getInputStream();
            while (readRequest(in)) {
                OutputStream out = socket.getOutputStream();
                out.write(("HTTP/1.1 " + status
                                + "\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
                        .getBytes(US_ASCII));
                body.write(out);
            }
        } catch (IOException e) {
            closed.countDown();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Up to the end of its head; the few bytes of a body are left to the next one, which is not asked for then. */
    private static boolean readRequest(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                return false;
            }
            head.append((char) next);
        }
        return true;
    }

    private static void chunk(OutputStream out, String text) throws IOException {
        out.write((Integer.toHexString(text.length()) + "\r\n" + text + "\r\n").getBytes(US_ASCII));
    }

    private void blanks(OutputStream out) throws IOException {
        String text = " ".repeat(65536);
        while (sent.get() < 1024 * MIB) {
            chunk(out, text);
            sent.addAndGet(text.length());
        }
    }

    private static void drops(OutputStream out) throws IOException, InterruptedException {
        while (true) {
            chunk(out, " ");
            new Monotonic().pause(Duration.ofMillis(20));
        }
    }

    private static void silence(OutputStream out) throws IOException, InterruptedException {
        chunk(out, "{");
        new Monotonic().pause(Duration.ofMinutes(1));
    }
}

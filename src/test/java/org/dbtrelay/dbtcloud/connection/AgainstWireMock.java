package org.dbtrelay.dbtcloud.connection;

import static com.github.tomakehurst.wiremock.client.WireMock.anyRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.anyUrl;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.tomakehurst.wiremock.WireMockServer;
import com.github.tomakehurst.wiremock.core.WireMockConfiguration;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.run.job.CallFailure;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/** A server whose every answer is set by the test, and a client to it. */
@Timeout(60)
public abstract class AgainstWireMock {

    public static final long ACCOUNT = TestConnections.ACCOUNT;

    public WireMockServer server;
    public DbtCloudClient client;

    @BeforeEach
    public void startServer() {
        server =
                new WireMockServer(WireMockConfiguration.options().dynamicPort().bindAddress("127.0.0.1"));
        server.start();
        client = client(Map.of());
    }

    @AfterEach
    public void stopServer() {
        server.stop();
    }

    public DbtCloudClient client(Map<String, String> settings) {
        return TestConnections.client(server.baseUrl(), settings);
    }

    public int requests() {
        return server.findAll(anyRequestedFor(anyUrl())).size();
    }

    public static CallFailure failureOf(ThrowingCallable call) {
        Throwable thrown = org.assertj.core.api.Assertions.catchThrowable(call);
        assertThat(thrown).isInstanceOf(DbtCloudException.class);
        CallFailure failure = ((DbtCloudException) thrown).failure();
        assertThat(failure.detail()).isNotBlank().doesNotContain(TestConnections.TOKEN);
        assertThat(thrown).hasMessage(failure.detail());
        return failure;
    }

    public static String envelope(String data) {
        return "{\"status\":{\"code\":200,\"is_success\":true,\"user_message\":\"Success!\",\"developer_message\":\"\"},"
                + "\"data\":" + data + "}";
    }

    public static String error(int code, String message, String data) {
        return "{\"status\":{\"code\":" + code + ",\"is_success\":false,\"user_message\":\"" + message
                + "\",\"developer_message\":\"\"},\"data\":" + data + "}";
    }
}

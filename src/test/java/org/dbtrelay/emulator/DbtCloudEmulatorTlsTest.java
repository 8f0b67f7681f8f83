package org.dbtrelay.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The emulator for clients that know only {@code https}. */
class DbtCloudEmulatorTlsTest {

    @TempDir
    static Path directory;

    private static PrivateCa ca;

    @BeforeAll
    static void make() throws IOException {
        for (String earlier : List.of("ca.p12", "server.p12")) {
            Files.writeString(directory.resolve(earlier), "of an earlier start");
        }
        ca = PrivateCa.in(directory, "emulator.example", "127.0.0.2");
    }

    @Test
    void isTrustedByThoseWhoTrustItsAuthorityOnly() throws Exception {
        try (DbtCloudEmulator emulator = DbtCloudEmulator.builder().tls(ca).start();
                HttpClient trusting = HttpClient.newBuilder()
                        .sslContext(trusting(ca.certificate()))
                        .build();
                HttpClient other = HttpClient.newHttpClient()) {
            for (String host : List.of("127.0.0.1", "localhost")) {
                HttpRequest request = HttpRequest.newBuilder(
                                URI.create("https://" + host + ":" + emulator.port() + "/api/v2/accounts/"))
                        .header("Authorization", "Token " + emulator.token())
                        .timeout(Duration.ofSeconds(20))
                        .build();

                assertThat(trusting.send(request, HttpResponse.BodyHandlers.ofString())
                                .statusCode())
                        .isEqualTo(200);
                assertThatThrownBy(() -> other.send(request, HttpResponse.BodyHandlers.ofString()))
                        .isInstanceOf(SSLHandshakeException.class);
            }
        }
    }

    /** Python's newer clients check by X.509's strict rules: who signed must be said, and for what a key is good. */
    @Test
    void certificateSaysWhatStrictClientsWantToKnow() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream file = Files.newInputStream(ca.serverKeyStore())) {
            store.load(file, PrivateCa.PASSWORD.toCharArray());
        }
        X509Certificate server = (X509Certificate) store.getCertificateChain("server")[0];

        assertThat(server.getNonCriticalExtensionOIDs())
                .as("authority key, subject alternative names, extended use")
                .contains("2.5.29.35", "2.5.29.17", "2.5.29.37");
        assertThat(server.getCriticalExtensionOIDs()).as("key usage").contains("2.5.29.15");
        assertThat(server.getSubjectAlternativeNames().toString())
                .contains("127.0.0.1", "localhost", "emulator.example", "127.0.0.2");
        X509Certificate authority = authority(ca.certificate());
        assertThat(authority.getCriticalExtensionOIDs())
                .as("basic constraints, key usage")
                .contains("2.5.29.19", "2.5.29.15");
        assertThat(authority.getBasicConstraints()).isNotNegative();
    }

    /** Whoever trusts the authority must not have to trust whoever can read this directory later. */
    @Test
    void authorityCannotSignOnceMore() throws Exception {
        try (var files = Files.list(directory)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("ca.pem", "server.p12");
        }
    }

    @Test
    void saysHowClientsComeToTrustIt() {
        try (DbtCloudEmulator emulator = DbtCloudEmulator.builder().tls(ca).start()) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            EmulatorMain.describe(emulator, false, new PrintStream(out, true, StandardCharsets.UTF_8));

            assertThat(out.toString(StandardCharsets.UTF_8))
                    .contains(
                            "https://127.0.0.1:" + emulator.port() + "/emulator/",
                            "REQUESTS_CA_BUNDLE=" + ca.certificate(),
                            "SSL_CERT_FILE=" + ca.certificate(),
                            "RELAY_CONNECTIONS_DEFAULT_TRUST_STORE=" + ca.certificate());
        }
    }

    private static SSLContext trusting(Path certificate) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        store.setCertificateEntry("ca", authority(certificate));
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    private static X509Certificate authority(Path certificate) throws Exception {
        try (InputStream file = Files.newInputStream(certificate)) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(file);
        }
    }
}

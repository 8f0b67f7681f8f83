package org.dbtrelay.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A certificate authority of a test's own, and a server's certificate for 127.0.0.1 and localhost that it has signed. Made by
 * the JDK's {@code keytool}, so there is no key in the repository, and none that outlives the test's directory.
 */
public final class PrivateCa {

    /** The password of the key store. */
    public static final String PASSWORD = "only-for-a-test";

    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final Path directory;

    private PrivateCa(Path directory) {
        this.directory = directory;
    }

    /** A new authority with one server's certificate; its files are in this directory, which is made. */
    public static PrivateCa in(Path directory) {
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        var ca = new PrivateCa(directory);
        ca.make();
        return ca;
    }

    /** The authority's certificate in PEM: what clients trust. */
    public Path certificate() {
        return directory.resolve("ca.pem");
    }

    /** The server's key and certificates, PKCS12. */
    public Path serverKeyStore() {
        return directory.resolve("server.p12");
    }

    private void make() {
        Path ca = directory.resolve("ca.p12");
        Path request = directory.resolve("server.csr");
        Path signed = directory.resolve("server.pem");
        keytool(
                ca,
                "-genkeypair",
                "-alias",
                "ca",
                "-keyalg",
                "EC",
                "-dname",
                "CN=A test's authority",
                "-ext",
                "bc:c",
                "-ext",
                "ku:c=keyCertSign");
        keytool(
                ca,
                "-exportcert",
                "-alias",
                "ca",
                "-rfc",
                "-file",
                certificate().toString());
        keytool(serverKeyStore(), "-genkeypair", "-alias", "server", "-keyalg", "EC", "-dname", "CN=localhost");
        keytool(serverKeyStore(), "-certreq", "-alias", "server", "-file", request.toString());
        keytool(
                ca,
                "-gencert",
                "-alias",
                "ca",
                "-rfc",
                "-ext",
                "san=ip:127.0.0.1,dns:localhost",
                "-infile",
                request.toString(),
                "-outfile",
                signed.toString());
        keytool(
                serverKeyStore(),
                "-importcert",
                "-noprompt",
                "-alias",
                "ca",
                "-file",
                certificate().toString());
        keytool(serverKeyStore(), "-importcert", "-noprompt", "-alias", "server", "-file", signed.toString());
    }

    private void keytool(Path store, String... arguments) {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-keystore",
                store.toString(),
                "-storetype",
                "PKCS12",
                "-storepass",
                PASSWORD));
        // The command comes first.
        command.addAll(1, List.of(arguments));
        try (var process = ChildProcess.start("keytool", command, Map.of(), directory.resolve("keytool.log"))) {
            if (process.awaitExit(LIMIT) != 0) {
                throw new IllegalStateException("keytool failed: " + process.lines());
            }
        }
    }
}

package org.dbtrelay.emulator;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A certificate authority of one's own, and a server's certificate for 127.0.0.1, localhost and other names that it has
 * signed. Made by the JDK's {@code keytool}, so there is no key in the repository. The authority's key is deleted once it
 * has signed: nobody can use it to pose as somebody else to those who trust the certificate.
 */
public final class PrivateCa {

    /** The password of the key store. */
    public static final String PASSWORD = "only-for-a-test";

    private static final long LIMIT_SECONDS = 60;

    private final Path directory;

    private PrivateCa(Path directory) {
        this.directory = directory;
    }

    /**
     * A new authority with one server's certificate, good for 90 days; its files are in this directory, which is made, and
     * take the place of older ones.
     *
     * @param names host names and addresses for the certificate, beside localhost and 127.0.0.1
     */
    public static PrivateCa in(Path directory, String... names) {
        var ca = new PrivateCa(directory);
        try {
            Files.createDirectories(directory);
            ca.make(names);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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

    private void make(String... names) throws IOException {
        Path ca = directory.resolve("ca.p12");
        Path request = directory.resolve("server.csr");
        Path signed = directory.resolve("server.pem");
        Files.deleteIfExists(ca);
        Files.deleteIfExists(serverKeyStore());
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
        String subjects = Stream.concat(
                        Stream.of("ip:127.0.0.1", "dns:localhost"),
                        Stream.of(names).map(PrivateCa::subject))
                .collect(Collectors.joining(","));
        keytool(
                ca,
                "-gencert",
                "-alias",
                "ca",
                "-rfc",
                "-ext",
                "san=" + subjects,
                "-ext",
                "ku:c=digitalSignature",
                "-ext",
                "eku=serverAuth",
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
        Files.delete(ca);
        Files.delete(request);
        Files.delete(signed);
    }

    private static String subject(String name) {
        return (name.matches("[0-9.]+|.*:.*") ? "ip:" : "dns:") + name;
    }

    private static void keytool(Path store, String... arguments) throws IOException {
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
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            process.getOutputStream().close();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IllegalStateException("keytool failed: " + said);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while keytool was at work", e);
        } finally {
            process.destroyForcibly();
        }
    }
}

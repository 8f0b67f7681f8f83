package org.dbtrelay.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A real S3 server (Adobe's S3Mock) as a process of its own: its libraries are not the relay's. The build writes down where
 * they are. Its first connector is on loopback; the second, which it insists on, nobody here uses.
 */
public final class S3Server implements AutoCloseable {

    /** The one bucket that is there. */
    public static final String BUCKET = "shop";

    /** With these it lets everybody in; the SDK wants some. */
    public static final Map<String, String> CREDENTIALS =
            Map.of("AWS_ACCESS_KEY_ID", "anybody", "AWS_SECRET_ACCESS_KEY", "anything", "AWS_REGION", "us-east-1");

    private static final Path CLASS_PATH = Path.of("target", "s3mock.classpath");
    private static final Pattern STARTED = Pattern.compile("Tomcat started on ports? (\\d+) \\(http\\)");
    private static final Duration START_LIMIT = Duration.ofSeconds(90);

    private final ChildProcess process;
    private final URI url;

    private S3Server(ChildProcess process, URI url) {
        this.process = process;
        this.url = url;
    }

    /** Starts one that keeps everything below that directory. */
    public static S3Server start(Path directory) {
        ChildProcess process = ChildProcess.start(
                "S3 server",
                List.of(
                        ChildProcess.java(),
                        "-Xmx192m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        classPath(),
                        "com.adobe.testing.s3mock.S3MockApplication",
                        "--server.ssl.enabled=false",
                        "--server.address=127.0.0.1",
                        "--server.port=0",
                        "--http.port=0",
                        "--com.adobe.testing.s3mock.store.root=" + directory.resolve("data"),
                        "--com.adobe.testing.s3mock.store.initial-buckets=" + BUCKET),
                Map.of(),
                directory.resolve("s3.log"));
        try {
            String port = process.awaitLine(STARTED, START_LIMIT).group(1);
            return new S3Server(process, URI.create("http://127.0.0.1:" + port));
        } catch (AssertionError e) {
            process.close();
            throw e;
        }
    }

    private static String classPath() {
        try {
            return Files.readString(CLASS_PATH).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(CLASS_PATH + " is written by the build: ./mvnw generate-test-resources", e);
        }
    }

    /** Its address. */
    public URI url() {
        return url;
    }

    @Override
    public void close() {
        process.close();
    }
}

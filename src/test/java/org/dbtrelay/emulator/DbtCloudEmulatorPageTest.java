package org.dbtrelay.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.File;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.dbtrelay.testkit.ChildProcess;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page for people, and that all which it offers works. */
class DbtCloudEmulatorPageTest {
    private static final Duration LIMIT = Duration.ofSeconds(90);

    private DbtCloudEmulator emulator;
    private EmulatorClient client;
    private long job;

    @BeforeEach
    void start() {
        emulator = DbtCloudEmulator.builder()
                .behaviour(Behaviour.likely().strict(false))
                .start();
        client = new EmulatorClient(emulator);
        job = emulator.world().jobNamed("Daily build").id();
        emulator.triggerByOther(job, "<script>alert('\"x\" & y')</script>");
    }

    @AfterEach
    void stop() {
        client.close();
        emulator.close();
    }

    private EmulatorClient.Reply page() {
        return client.send(HttpRequest.newBuilder(emulator.baseUri().resolve("/emulator/")));
    }

    @Test
    void saysWhatThereIs() {
        EmulatorClient.Reply page = page();

        assertThat(page.response().headers().firstValue("content-type").orElseThrow())
                .isEqualTo("text/html; charset=utf-8");
        assertThat(page.body())
                .contains(emulator.token(), Long.toString(emulator.accountId()), Long.toString(job))
                .contains("Retired build", "Staging", "Finance")
                .contains(Long.toString(emulator.runs().getFirst().id()))
                .contains("&lt;script&gt;alert(&#39;&quot;x&quot; &amp; y&#39;)&lt;/script&gt;")
                .doesNotContain("<script");
        assertThat(client.send(HttpRequest.newBuilder(emulator.baseUri().resolve("/emulator")))
                        .body())
                .startsWith("<!DOCTYPE html>");
        assertThat(emulator.counters().total()).isZero();
    }

    /** It loads nothing, has a language, a title and headings, and each table says what it is and which cells are heads. */
    @Test
    void standsAloneAndIsAccessible() {
        String html = page().body();

        assertThat(found("(?:src|href)=\"([^\"]*)\"", html)).containsOnly("data:,", "/emulator/");
        assertThat(html).contains("<html lang=\"en\">", "<title>", "<main>", "name=\"viewport\"");
        assertThat(found("<(h\\d)", html))
                .startsWith("h1", "h2")
                .filteredOn("h1"::equals)
                .hasSize(1);
        assertThat(found("(<table>)\\n<caption>[^<]+", html)).hasSameSizeAs(found("(<table)", html));
        assertThat(found("<th( [^>]*)?>", html)).containsOnly(" scope=\"col\"", " scope=\"row\"");
        assertThat(found("aria-labelledby=\"([^\"]*)\"", html))
                .allSatisfy(id -> assertThat(html).contains("<h2 id=\"" + id + "\">"));
    }

    @Test
    void offersCallsThatWork() {
        assertThat(Control.CALLS).allSatisfy(call -> {
            String run = Long.toString(emulator.runs().getLast().id());
            String path = call.path().replace("{job}", Long.toString(job)).replace("{run}", run);
            assertThat(page().body()).contains("/emulator/" + path);
            EmulatorClient.Reply reply =
                    client.send(HttpRequest.newBuilder(emulator.baseUri().resolve("/emulator/" + path))
                            .method(call.method(), HttpRequest.BodyPublishers.ofString(call.body())));

            assertThat(reply.status()).as(reply.body()).isEqualTo(200);
        });
    }

    /** What a person would copy out of the page, run by a shell. */
    @Test
    void offersExamplesThatAShellTakes(@TempDir Path directory) {
        assumeThat(onPath("curl"))
                .as("curl is not on the PATH: the page's examples are not run by a shell")
                .isPresent();
        List<String> examples = found("<code>(curl [^<]*/api/[^<]*)</code>", page().body());

        assertThat(examples).hasSize(3).allSatisfy(example -> {
            String command =
                    example.replace("&#39;", "'").replace("&quot;", "\"").replace("&amp;", "&");
            try (var shell =
                    ChildProcess.start("sh", List.of("sh", "-c", command), Map.of(), directory.resolve("curl.log"))) {
                assertThat(shell.awaitExit(LIMIT)).isZero();
                assertThat(String.join("", shell.lines())).contains("\"is_success\":true");
            }
        });
        assertThat(emulator.runsByCause("by hand")).hasSize(1);
    }

    @Test
    void worksInABrowser(@TempDir Path directory) {
        Optional<Path> browser = Stream.of("chromium", "chromium-browser", "google-chrome")
                .flatMap(name -> onPath(name).stream())
                .findFirst();
        assumeThat(browser)
                .as("no Chromium is on the PATH: the page is not tried in a browser")
                .isPresent();
        List<String> command = List.of(
                browser.orElseThrow().toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--enable-logging=stderr",
                "--user-data-dir=" + directory.resolve("profile"),
                "--dump-dom",
                emulator.baseUrl() + "/emulator/");

        try (var chromium = ChildProcess.start("chromium", command, Map.of(), directory.resolve("chromium.log"))) {
            assertThat(chromium.awaitExit(LIMIT)).isZero();
            String dom = String.join("\n", chromium.lines());
            assertThat(dom)
                    .contains("<h1>dbt Cloud emulator</h1>", "Runs now", Long.toString(job))
                    .doesNotContain("CONSOLE", "Content Security Policy", "<script");
        }
        assertThat(emulator.counters().total())
                .as("the browser asked for nothing else")
                .isZero();
    }

    private static Optional<Path> onPath(String program) {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
                .map(directory -> Path.of(directory, program))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private static List<String> found(String pattern, String text) {
        return Pattern.compile(pattern)
                .matcher(text)
                .results()
                .map((MatchResult match) -> String.valueOf(match.group(1)))
                .toList();
    }
}

package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.logging.Level;
import java.util.stream.Stream;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;
import org.openqa.selenium.support.ui.Select;

/** Chromium of the machine, without a window, in the hands of somebody who uses the page: by what they read on it. */
final class Browser implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String AXE = "axe.min.js";
    private static final int WIDTH = 1280;
    private static final int PHONE = 390;

    private final ChromeDriver driver;
    private final URI page;

    private Browser(ChromeDriver driver, URI page) {
        this.driver = driver;
        this.page = page;
    }

    /** Skips the test if there is no Chromium or no driver of it. */
    static Browser at(URI page, Path directory) {
        Optional<Path> chromium = onPath("chromium", "chromium-browser", "google-chrome");
        Optional<Path> chromedriver = onPath("chromedriver");
        assumeThat(chromium.isPresent() && chromedriver.isPresent())
                .as("chromium or chromedriver is not on the PATH: the page is not tried in a browser")
                .isTrue();
        LoggingPreferences logs = new LoggingPreferences();
        logs.enable(LogType.BROWSER, Level.ALL);
        ChromeOptions options = new ChromeOptions()
                .setBinary(chromium.orElseThrow().toFile())
                .addArguments(
                        "--headless=new",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--no-first-run",
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-sync",
                        "--no-proxy-server",
                        // Whoever is not this machine has no address.
                        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
                        "--window-size=" + WIDTH + ",900",
                        "--user-data-dir=" + directory.resolve("profile"));
        options.setCapability("goog:loggingPrefs", logs);
        ChromeDriverService service = new ChromeDriverService.Builder()
                // Named, so that Selenium looks for none in the network.
                .usingDriverExecutable(chromedriver.orElseThrow().toFile())
                .usingAnyFreePort()
                .withLogFile(directory.resolve("chromedriver.log").toFile())
                .build();
        return new Browser(new ChromeDriver(service, options), page);
    }

    private static Optional<Path> onPath(String... names) {
        return Arrays.stream(names)
                .flatMap(name -> Stream.of(
                                System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
                        .map(directory -> Path.of(directory, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** Goes to a view, by what stands behind the # of its address. */
    Browser open(String view) {
        driver.get(page.resolve("/#/" + view).toString());
        return this;
    }

    void reload() {
        driver.navigate().refresh();
    }

    /** The page has this text, without regard to what is between its words. */
    Browser sees(String text) {
        eventually(() -> assertThat(text()).contains(text));
        return this;
    }

    Browser seesNot(String text) {
        eventually(() -> assertThat(text()).doesNotContain(text));
        return this;
    }

    /** All that a person can read, a space between words. */
    String text() {
        return driver.findElement(By.tagName("body")).getText().replaceAll("\\s+", " ");
    }

    String title() {
        return driver.getTitle();
    }

    /** Presses the button of this name, once it is there. */
    Browser press(String name) {
        act(By.xpath("//button[normalize-space(.)='%s' or @aria-label='%s']".formatted(name, name)), WebElement::click);
        return this;
    }

    boolean hasButton(String name) {
        return driver
                .findElements(By.xpath("//button[normalize-space(.)='%s' or @aria-label='%s']".formatted(name, name)))
                .stream()
                .anyMatch(WebElement::isDisplayed);
    }

    /** Follows the link with this text. */
    Browser follow(String text) {
        act(By.xpath("//a[normalize-space(.)='%s']".formatted(text)), WebElement::click);
        return this;
    }

    /** The address of the link whose text begins so. */
    String address(String text) {
        return driver.findElement(By.xpath("//a[starts-with(normalize-space(.), '%s')]".formatted(text)))
                .getDomAttribute("href");
    }

    /** Opens what is folded up below this text. */
    Browser unfold(String text) {
        act(By.xpath("//summary[starts-with(normalize-space(.), '%s')]".formatted(text)), WebElement::click);
        return this;
    }

    /** Writes into the field with this label, in place of what is there. */
    Browser type(String label, String text) {
        act(field(label), element -> {
            element.clear();
            element.sendKeys(text);
        });
        return this;
    }

    Browser choose(String label, String option) {
        act(field(label), element -> new Select(element).selectByVisibleText(option));
        return this;
    }

    Browser pick(String radio) {
        act(By.xpath("//label[normalize-space(.)='%s']/input".formatted(radio)), WebElement::click);
        return this;
    }

    /** What the field with this label has. */
    String value(String label) {
        return driver.findElement(field(label)).getDomProperty("value");
    }

    private static By field(String label) {
        return By.xpath("//*[@id = //label[normalize-space(.)='%s']/@for]".formatted(label));
    }

    /** Presses keys where the focus is. */
    Browser keys(CharSequence... keys) {
        driver.switchTo().activeElement().sendKeys(keys);
        return this;
    }

    /** What has the focus, by what it is called. */
    String focused() {
        WebElement element = driver.switchTo().activeElement();
        return String.valueOf(element.getAccessibleName());
    }

    /** Goes on with the tabulator until something of this name has the focus. */
    Browser tabTo(String name) {
        for (int presses = 0; presses < 60; presses++) {
            if (focused().equals(name)) {
                return this;
            }
            keys(Keys.TAB);
        }
        throw new AssertionError("the tabulator does not lead to " + name);
    }

    Object run(String script) {
        return driver.executeScript(script);
    }

    int cookies() {
        return driver.manage().getCookies().size();
    }

    void isDark(boolean dark) {
        driver.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of(
                        "features",
                        List.of(
                                Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"),
                                Map.of("name", "prefers-reduced-motion", "value", "reduce"))));
    }

    /** As wide as a phone, or as a screen again. */
    void isPhone(boolean phone) {
        driver.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", phone ? PHONE : WIDTH, "height", 844, "deviceScaleFactor", 1, "mobile", phone));
    }

    /** Whether one has to scroll sideways to see all of it. */
    boolean isTooWide() {
        return (Boolean) run("return document.documentElement.scrollWidth > document.documentElement.clientWidth");
    }

    /** Makes a picture of the whole view, {@code target/page/<name>.png}. */
    void picture(String name, int lowest, int highest) {
        Number bottom = (Number)
                run("return Math.ceil(document.querySelector('main').getBoundingClientRect().bottom + window.scrollY)");
        long height = Math.clamp(bottom.longValue(), lowest, highest);
        long width = ((Number) run("return window.innerWidth")).longValue();
        Map<String, Object> answer = driver.executeCdpCommand(
                "Page.captureScreenshot",
                Map.of(
                        "format",
                        "png",
                        "captureBeyondViewport",
                        true,
                        "clip",
                        Map.of("x", 0, "y", 0, "width", width, "height", height, "scale", 1)));
        try {
            Path pictures = Files.createDirectories(Path.of("target", "page"));
            Files.write(
                    pictures.resolve(name + ".png"), Base64.getDecoder().decode(String.valueOf(answer.get("data"))));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What axe has to say against the view as it is. */
    List<String> violations() {
        driver.executeScript(axe() + "; window.axe = axe;");
        Object found = driver.executeAsyncScript("""
                const done = arguments[arguments.length - 1];
                window.axe.run(document, {resultTypes: ['violations']}).then(
                    result => done(JSON.stringify(result.violations.map(violation =>
                        violation.id + ': ' + violation.nodes.map(node => node.html + ' ' + node.failureSummary).join(' | ')))),
                    fault => done(JSON.stringify(['axe did not run: ' + fault])));
                """);
        try {
            return Arrays.asList(new ObjectMapper().readValue(String.valueOf(found), String[].class));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String axe() {
        try (InputStream script = Browser.class.getClassLoader().getResourceAsStream(AXE)) {
            return new String(Objects.requireNonNull(script, AXE).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the browser has complained of since the last call: errors, and what the policy has forbidden. */
    List<String> complaints() {
        return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
                .map(LogEntry::toString)
                .toList();
    }

    private void act(By by, java.util.function.Consumer<WebElement> action) {
        eventually(() -> action.accept(driver.findElements(by).stream()
                .filter(WebElement::isDisplayed)
                .findFirst()
                .orElseThrow(() -> new AssertionError("not on the page: " + by + "; it has: " + text()))));
    }

    /** The page asks again every three seconds, and elements come and go. */
    private static void eventually(Runnable assertion) {
        await().atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(100))
                .ignoreExceptions()
                .untilAsserted(assertion::run);
    }

    @Override
    public void close() {
        driver.quit();
    }
}

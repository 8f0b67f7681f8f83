package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.Faults;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunStatus;
import org.dbtrelay.emulator.TransientFailure;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.Keys;

/** The page for people, in a browser, with the packaged application behind it: each action and each state once. */
class PageIT {

    private static final String OPERATOR = "0123456789abcdef0123";
    private static final String SENDER = "a-sender-s-key-of-some-length";
    private static final String VIEWER = "a-viewer-s-key-of-some-length";

    /** What a log may say. */
    private static final String HOSTILE =
            "Database Error in model orders\n  <img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>\n  column \"amout\" does not exist";

    private static final long QUICK = 70403103950001L;
    private static final long BROKEN = 70403103950002L;
    private static final long ENDLESS = 70403103950003L;
    private static final long OTHER_ENDLESS = 70403103950004L;
    private static final long QUIET = 70403103950005L;

    /** Of jobs whose commands stay in one state. */
    private static final Map<String, Long> STAYING = Map.of(
            "starting", 70403103950011L,
            "looking", 70403103950012L,
            "cancelling", 70403103950013L,
            "judging", 70403103950014L,
            "retrying", 70403103950015L,
            "collecting", 70403103950016L);

    private static final Duration LONG = Duration.ofMinutes(10);
    private static final String SESSION = "mp.messaging.incoming.commands.session.timeout.ms";

    private static RelayStage stage;
    private static Deployment relay;
    private static Browser browser;

    @BeforeAll
    static void start() {
        stage = RelayStage.of(
                PageIT.class,
                World.jaffleShop()
                        .job(EmulatedJob.named("Daily build")
                                .id(QUICK)
                                .plan(RunPlan.succeeding().instantly()))
                        .job(EmulatedJob.named("Orders, hourly")
                                .id(BROKEN)
                                .plan(RunPlan.failing("dbt build", HOSTILE).instantly()))
                        .job(EmulatedJob.named("Backfill").id(ENDLESS).plan(unending()))
                        .job(EmulatedJob.named("Snapshots").id(OTHER_ENDLESS).plan(unending()))
                        .job(EmulatedJob.named("Marketing").id(QUIET).plan(unending()))
                        .job(staying("starting", unending()))
                        .job(staying("looking", unending()))
                        .job(staying("cancelling", unending()))
                        .job(staying(
                                "judging",
                                RunPlan.failing(TransientFailure.POSTGRES_DEADLOCK)
                                        .instantly()
                                        .artifactsSavedAfter(LONG)
                                        .artifactsReadableAfter(LONG)
                                        .logsAfter(LONG)))
                        .job(staying(
                                "retrying",
                                RunPlan.failing(TransientFailure.POSTGRES_DEADLOCK)
                                        .instantly()))
                        .job(staying(
                                "collecting",
                                RunPlan.succeeding()
                                        .instantly()
                                        .artifactsSavedAfter(LONG)
                                        .artifactsReadableAfter(LONG))));
        relay = stage.deployment("page")
                .set("relay.api.open", "false")
                .set("relay.api.keys.ops", OPERATOR)
                .set("relay.api.keys.airflow", SENDER)
                .set("relay.api.keys.board", VIEWER)
                .set("relay.api.roles.airflow", "sender")
                .set("relay.api.roles.board", "viewer")
                .set("relay.api.advertised-url", "http://127.0.0.1:0")
                .set("relay.policy.connections.default.max-in-flight-per-job", "1")
                .set(
                        "relay.connections.default.account-id",
                        String.valueOf(stage.dbtCloud().accountId()))
                .start();
        browser = Browser.at(relay.relay().url(), stage.directory());
    }

    private static EmulatedJob staying(String state, RunPlan plan) {
        return EmulatedJob.named("Stays " + state).id(STAYING.get(state)).plan(plan);
    }

    private static RunPlan unending() {
        return RunPlan.unending().queued(Duration.ZERO).starting(Duration.ZERO);
    }

    @AfterAll
    static void end() {
        if (browser != null) {
            browser.close();
        }
        stage.close();
    }

    @BeforeEach
    void begin() {
        browser.isDark(false);
        browser.isPhone(false);
        signedIn(OPERATOR);
    }

    /** Whatever was shown: no error, and nothing that the policy has to forbid. */
    @AfterEach
    void nothingWasForbidden() {
        assertThat(browser.complaints())
                .filteredOn(complaint -> !complaint.contains("the server responded with a status of"))
                .isEmpty();
        assertThat(browser.title()).isNotEqualTo("taken");
        assertThat(browser.cookies()).isZero();
    }

    private static void signedIn(String key) {
        browser.open("");
        browser.run("sessionStorage.setItem('relay.key', '" + key + "')");
        browser.reload();
        browser.sees("Not ended");
    }

    @Test
    void aKeyOpensItAndStaysInTheTab() {
        browser.run("sessionStorage.clear()");
        browser.reload();
        browser.sees("API key");
        assertThat(browser.focused()).isEqualTo("API key");

        browser.type("API key", "no-key-of-this-relay").press("Sign in").sees("The relay does not take this key.");
        browser.type("API key", OPERATOR).keys(Keys.ENTER);
        browser.sees("Not ended").sees("ops · operator");
        assertThat(browser.run("return Object.keys(localStorage).length")).isEqualTo(0L);

        browser.press("Sign out").sees("API key");
        assertThat(browser.run("return Object.keys(sessionStorage).length")).isEqualTo(0L);
    }

    @Test
    void aLateRefusalForgetsNoKeyThatCameMeanwhile() {
        browser.run("""
                const get = window.fetch;
                const released = new Promise(release => { window.release = release; });
                window.fetch = (to, how) => { window.isHeld = true; return released.then(() => get(to, how)); };
                window.key = sessionStorage.getItem('relay.key');
                sessionStorage.removeItem('relay.key');
                """);
        await().atMost(PATIENCE).until(() -> Boolean.TRUE.equals(browser.run("return window.isHeld")));
        browser.run("sessionStorage.setItem('relay.key', window.key); window.release()");
        browser.sees("API key");

        browser.reload();
        browser.sees("Not ended");
    }

    @Test
    void showsWhatRunsWaitsAndFailed() {
        relay.send(ENDLESS, trigger("runs", ENDLESS));
        relay.reader().awaitEvent("run.running", "runs", PATIENCE);
        relay.send(ENDLESS, trigger("waits", ENDLESS));
        relay.send(BROKEN, trigger("fails", BROKEN));
        relay.reader().awaitEvent("run.failed", "fails", PATIENCE);

        browser.open("")
                .sees("runs Backfill · " + ENDLESS + " running")
                .sees("for a free slot")
                .sees("fails");
        assertThat(browser.address(String.valueOf(
                        stage.dbtCloud().runsOfJob(ENDLESS).getFirst().id())))
                .startsWith("http");

        browser.choose("State", "waiting").sees("waits " + ENDLESS).seesNot("runs Backfill");
        browser.choose("State", "any").type("Job id", "1").keys(Keys.TAB);
        browser.sees("No unfinished command matches.").sees("No command of this time has ended so.");
        browser.type("Job id", String.valueOf(BROKEN)).keys(Keys.TAB);
        browser.sees("fails " + BROKEN).press("Clear").sees("runs Backfill");
        browser.choose("Origin", "observed runs").sees("No unfinished command matches.");
        browser.choose("Origin", "commands").sees("runs Backfill");
        browser.choose("Outcome", "succeeded")
                .seesNot("fails")
                .choose("Outcome", "any")
                .sees("fails");

        browser.follow("waits").sees("As many runs are in flight as relay.policy allows.");
        assertThat(browser.title()).startsWith("waits ·");
        assertThat(browser.focused()).as("a screen reader reads the heading").isEqualTo("waits");

        end(ENDLESS, "runs", "waits");
    }

    @Test
    void tellsWhyACommandFailedAndRetriesIt() {
        relay.send(BROKEN, trigger("broken", BROKEN));
        relay.reader().awaitEvent("run.failed", "broken", PATIENCE);

        browser.open("commands/broken")
                .sees("Why it failed")
                .sees("dbt build")
                .sees("column \"amout\" does not exist")
                .sees("<img src=x onerror=")
                .sees("Accepted")
                .sees("Run failed");
        browser.unfold("Event 0").sees("\"type\": \"command.accepted\"");

        int runs = stage.dbtCloud().runsOfJob(BROKEN).size();
        browser.press("Retry …")
                .sees("Retry the run?")
                .press("Retry from the failure")
                .sees("Sent as page-retry-");
        await().atMost(PATIENCE).until(() -> stage.dbtCloud().runsOfJob(BROKEN).size() > runs);
    }

    /** The answer of an instance that has taken the command over has its timeline, and no events. */
    @Test
    void saysWhereTheReasonOfAFailureIsAfterATakeover() {
        relay.send(BROKEN, trigger("taken-over", BROKEN));
        relay.reader().awaitEvent("run.failed", "taken-over", PATIENCE);

        browser.run("""
                const whole = window.fetch;
                window.fetch = async (address, options) => {
                  const answer = await whole(address, options);
                  return /commands\\/taken-over$/.test(new URL(address, location.href).pathname)
                    ? new Response(JSON.stringify({ ...await answer.json(), events: [] }), answer)
                    : answer;
                };
                location.hash = '#/commands/taken-over';
                """);
        browser.sees("Why it failed")
                .sees("run.failed) on the topic of run events told it")
                .sees("no longer has the event")
                .seesNot("column \"amout\" does not exist");
    }

    @Test
    void hearsOfACommandWithoutAskingForIt() {
        relay.send(QUIET, trigger("heard", QUIET));
        relay.reader().awaitEvent("run.running", "heard", PATIENCE);
        browser.open("");
        // The page asks no more by itself.
        browser.run(
                "const set = window.setTimeout; window.setTimeout = (what, ms, ...more) => ms >= 3000 ? 0 : set(what, ms, ...more)");
        browser.open("commands/heard").sees("Run is running");
        await().atMost(PATIENCE).until(() -> live().equals("The relay tells the page of each event"));

        stage.dbtCloud().finishRun(lastRun(QUIET), RunStatus.SUCCESS);
        browser.sees("Run succeeded").sees("Artifact is ready");
        await().atMost(PATIENCE).until(() -> live().equals("The page asks the relay every three seconds"));
    }

    @Test
    void asksForACommandThatItCannotHearOf() {
        relay.send(QUIET, trigger("unheard", QUIET));
        relay.reader().awaitEvent("run.running", "unheard", PATIENCE);
        browser.open("");
        browser.run(
                "const get = window.fetch; window.fetch = (to, how) => to.endsWith('/events') ? Promise.reject(new TypeError('none')) : get(to, how)");
        browser.open("commands/unheard").sees("Run is running");

        stage.dbtCloud().finishRun(lastRun(QUIET), RunStatus.SUCCESS);
        browser.sees("Run succeeded");
        assertThat(live()).isEqualTo("The page asks the relay every three seconds");
    }

    private static String live() {
        return String.valueOf(browser.run("return document.querySelector('button.live').title"));
    }

    private static long lastRun(long job) {
        return stage.dbtCloud().runsOfJob(job).stream()
                .filter(run -> !run.isFinal())
                .findFirst()
                .orElseThrow()
                .id();
    }

    @Test
    void tellsWhyCommandsThatWantTheSameRunWait() {
        String shared =
                "{\"command\": \"trigger\", \"command_id\": \"%s\", \"job_id\": %d, \"coalesce\": {\"quiet\": \"PT1H\"}}";
        relay.send(QUIET, shared.formatted("leads", QUIET));
        relay.send(QUIET, shared.formatted("joins", QUIET));
        relay.reader().awaitEvent("command.accepted", "joins", PATIENCE);

        browser.open("").sees("leads").sees("for others, until").sees("for the command that leads");
        browser.open("commands/leads")
                .sees("It waits for others that want the same run, with 1 other so far; its window closes");
        browser.open("commands/joins")
                .sees("Another command starts its run, too; the window closes")
                .sees("joined");
        browser.follow("leads").sees("1 other command, too");
        end(QUIET, "joins", "leads");
        relay.reader().awaitEvent("run.cancelled", "leads", PATIENCE);
    }

    @Test
    void showsEachStateInWordsAndWhatItMeans() {
        Faults faults = stage.dbtCloud().faults();
        faults.next(1).on(Endpoint.TRIGGER).ofJob(STAYING.get("starting")).neverAnswerAfterCreating();
        faults.next(1).on(Endpoint.TRIGGER).ofJob(STAYING.get("looking")).resetBeforeCreating();
        faults.always().on(Endpoint.CANCEL).ofJob(STAYING.get("cancelling")).status(500);
        String again = ", \"on_failure\": {\"retries\": 1, \"delay\": \"PT1H\"}";
        Map<String, String> more = Map.of("judging", again, "retrying", again);
        STAYING.forEach((state, job) -> relay.send(
                job,
                "{\"command\": \"trigger\", \"command_id\": \"stays-%s\", \"job_id\": %d%s}"
                        .formatted(state, job, more.getOrDefault(state, ""))));
        // Until the read-timeout.
        seesState("starting", "The request that starts its run is on its way.");
        relay.reader().awaitEvent("run.running", "stays-cancelling", PATIENCE);
        end(STAYING.get("cancelling"), "stays-cancelling");
        seesState("looking", "The answer to its start was lost.");
        seesState("cancelling", "The relay has asked dbt Cloud to cancel the run");
        seesState("judging", "The run has failed. Its cause decides whether there is another one.");
        seesState("retrying", "A run has failed. The next one starts in");
        seesState("collecting", "The run has ended. Artifacts or details of its failure are still to come.");
        browser.choose("State", "any");

        faults.clear();
        for (String state : STAYING.keySet()) {
            ApiCalls.with(OPERATOR).post(relay.relay(), "/api/commands/stays-" + state + "/end", "");
        }
    }

    private static void seesState(String state, String meaning) {
        browser.open("commands/stays-" + state).sees(state + " " + meaning);
        browser.open("").choose("State", state).sees("stays-" + state);
    }

    @Test
    void cancelsWithTheKeyboardAlone() {
        relay.send(OTHER_ENDLESS, trigger("stop/me ü", OTHER_ENDLESS));
        relay.reader().awaitEvent("run.running", "stop/me ü", PATIENCE);
        browser.open("").sees("stop/me ü");

        browser.tabTo("stop/me ü").keys(Keys.ENTER);
        browser.sees("The run is known").tabTo("Cancel …").keys(Keys.ENTER);
        browser.sees("Cancel this command?").keys(Keys.ESCAPE).seesNot("Cancel this command?");
        assertThat(browser.focused()).as("where it was before").isEqualTo("Cancel …");

        browser.keys(Keys.ENTER)
                .sees("Cancel this command?")
                .tabTo("Cancel the command")
                .keys(Keys.ENTER);
        relay.reader().awaitEvent("run.cancelled", "stop/me ü", PATIENCE);
        browser.sees("Run was cancelled").sees("cancelled_by_relay");
        assertThat(browser.hasButton("Cancel …")).isFalse();
    }

    @Test
    void endsACommandWithoutItsRun() {
        relay.send(OTHER_ENDLESS, trigger("stuck", OTHER_ENDLESS));
        relay.reader().awaitEvent("run.running", "stuck", PATIENCE);

        browser.open("commands/stuck")
                .press("End …")
                .sees("goes on in dbt Cloud")
                .press("Leave it");
        browser.press("End …")
                .press("End the command")
                .sees("stuck is being ended.")
                .sees("abandoned");
        relay.reader().awaitEvent("run.abandoned", "stuck", PATIENCE);
        stage.dbtCloud().runsOfJob(OTHER_ENDLESS).stream()
                .filter(run -> run.status() == RunStatus.RUNNING)
                .forEach(run -> stage.dbtCloud().finishRun(run.id(), RunStatus.SUCCESS));
    }

    @Test
    void sendsACommandAfterADryRun() {
        browser.open("send").sees("Send a command");
        browser.type("job_id", "many").press("Check by a dry run").sees("job_id: it must be a whole number");
        assertThat(browser.run("return document.querySelector('[aria-invalid]').id"))
                .isEqualTo("field-job_id");

        browser.type("job_id", "4711").press("Check by a dry run").sees("Rejected: job_not_found");
        assertThat(browser.hasButton("Send …")).isFalse();

        browser.type("job_id", String.valueOf(QUICK)).type("cause", "by hand").type("command_id", "from-the-page");
        browser.unfold("More fields").type("retries", "1").type("timeout", "half an hour");
        browser.press("Check by a dry run").sees("timeout: ");
        assertThat(browser.run("return document.querySelector('[aria-invalid]').id"))
                .isEqualTo("field-timeout");
        browser.type("timeout", "PT30M")
                .press("Check by a dry run")
                .sees("The check found no fault; nothing was started.");
        assertThat(stage.dbtCloud().runsByCause("by hand")).isEmpty();

        browser.press("Send …").sees("\"on_failure\": {\"retries\": 1}").press("Send the trigger");
        browser.sees("from-the-page is on the commands topic.");
        relay.reader().awaitEvent("run.succeeded", "from-the-page", PATIENCE);
        browser.sees("Run succeeded").sees("by hand").sees("run_results.json");
        assertThat(browser.title()).startsWith("from-the-page ·");
    }

    @Test
    void followsARunThatSomebodyElseStarted() {
        long run = stage.dbtCloud().triggerByOther(QUIET, "by a person").id();
        browser.open("send").pick("follow").type("run_id", String.valueOf(run));
        String id = browser.value("command_id");
        browser.press("Send …").sees("starts nothing").press("Send the follow").sees(id);
        relay.reader().awaitEvent("run.running", id, PATIENCE);
        browser.sees("Run is running");
        stage.dbtCloud().finishRun(run, RunStatus.SUCCESS);
        relay.reader().awaitEvent("run.succeeded", id, PATIENCE);
    }

    @Test
    void testsSuspendsAndResumesAConnection() {
        browser.open("connections").sees("default").sees("requests used in the last minute");
        browser.press("Test the connection default").sees("The test went well.");

        browser.press("Suspend the connection default").sees("Suspend default?");
        browser.type("Reason, for those who meet it", "warehouse upgrade").press("Suspend the connection");
        browser.sees("default is suspended.").sees("Suspended by ops").sees("warehouse upgrade");
        browser.open("").sees("default is suspended. ops did so").sees("warehouse upgrade");

        relay.send(QUICK, trigger("held", QUICK));
        browser.sees("held")
                .open("commands/held")
                .sees("Somebody has suspended its connection (ops: warehouse upgrade).");
        browser.open("connections").press("Resume the connection default").press("Resume the connection");
        browser.sees("default goes on.").sees("open");
        relay.reader().awaitEvent("run.succeeded", "held", PATIENCE);
    }

    @Test
    void resumesTheConnectionForWhichACommandWaits() {
        browser.open("connections").press("Suspend the connection default").press("Suspend the connection");
        browser.sees("default is suspended.");
        relay.send(QUICK, trigger("held-with-its-connection", QUICK));

        browser.open("commands/held-with-its-connection").sees("Somebody has suspended its connection");
        browser.press("Resume the connection …").press("Resume the connection").sees("default goes on.");
        relay.reader().awaitEvent("run.succeeded", "held-with-its-connection", PATIENCE);
        browser.sees("Run succeeded");
    }

    @Test
    void suspendsAndResumesOneJob() {
        browser.open("connections").press("Suspend a job of default").sees("Suspend a job of default?");
        browser.type("Job id", "none")
                .press("Suspend the job")
                .sees("It was not done.")
                .sees("job_id");
        browser.type("Job id", String.valueOf(QUICK)).type("Reason, for those who meet it", "wrong data");
        browser.press("Suspend the job").sees("Job " + QUICK + " is suspended.").sees("wrong data");

        relay.send(QUICK, trigger("held-with-its-job", QUICK));
        browser.open("commands/held-with-its-job").sees("Somebody has suspended its job (ops: wrong data).");
        browser.press("Resume the job …").press("Resume the job").sees("Job " + QUICK + " goes on.");
        relay.reader().awaitEvent("run.succeeded", "held-with-its-job", PATIENCE);
        browser.sees("Run succeeded");
    }

    @Test
    void mendsAndReplaysADeadLetter() {
        relay.send("mend", "{\"command\": \"trigger\", \"command_id\": \"mended\", \"job_id\": %d".formatted(QUICK));

        // The newest comes first; those of other tests may be there.
        browser.open("dead-letters").sees("key mend").unfold("Show").sees("\"command_id\": \"mended\"");
        browser.choose("Reason", "expired")
                .sees("No dead letter has this reason.")
                .choose("Reason", "malformed");
        browser.press("Replay …").sees("Replay this dead letter?").press("Replay the record");
        browser.sees("It was not done.");
        browser.type(
                "Value", "{\"command\": \"trigger\", \"command_id\": \"mended\", \"job_id\": %d}".formatted(QUICK));
        browser.press("Replay the record").sees("It is on the commands topic again, as mended.");
        relay.reader().awaitEvent("run.succeeded", "mended", PATIENCE);
        browser.sees("replayed by ops, mended");
    }

    @Test
    void offersOnlyWhatTheRoleAllows() {
        relay.send(QUIET, trigger("watched", QUIET));
        relay.reader().awaitEvent("run.running", "watched", PATIENCE);
        signedIn(VIEWER);
        browser.sees("board · viewer").open("commands/watched").sees("The run is known");
        assertThat(browser.hasButton("Cancel …") || browser.hasButton("End …")).isFalse();
        browser.open("connections").sees("default");
        assertThat(browser.hasButton("Test the connection default")).isTrue();
        assertThat(browser.hasButton("Suspend the connection default")).isFalse();
        browser.open("send").sees("Your key may look only.");

        signedIn(SENDER);
        browser.open("commands/watched").sees("The run is known");
        assertThat(browser.hasButton("Cancel …")).isTrue();
        assertThat(browser.hasButton("End …")).isFalse();
        end(QUIET, "watched");
    }

    @Test
    void saysWhatIsMissingWhileAnInstanceIsSilent() {
        RelayProcess first = relay.relay();
        // So long that it still has its partitions when the browser has seen all.
        relay.builder().set(SESSION, "60000");
        try (RelayProcess second = relay.builder().start()) {
            try {
                second.awaitReady(PATIENCE);
                await().atMost(PATIENCE).until(() -> OwnedPartitions.of(second) > 0 && first.isReady());
                browser.open("instances")
                        .sees(second.url().toString().replaceAll("/$", ""))
                        .seesNot("Something may be missing");

                second.pause();
                browser.sees("Something may be missing.").sees("it did not answer");
                browser.open("").sees("Something may be missing.").sees("no instance that answered serves it");
                second.resume();
                browser.seesNot("Something may be missing.");
                assertThat(second.stop()).isZero();
            } finally {
                // Killed, it would keep its partitions for that long, and other tests would wait for them.
                if (second.isAlive()) {
                    second.resume();
                    second.stop();
                }
            }
        } finally {
            relay.builder().unset(SESSION);
        }
        await().atMost(PATIENCE).until(() -> OwnedPartitions.of(first) == 3 && first.isReady());
    }

    @Test
    void keepsWhatItHasWhileTheRelayIsSilent() {
        browser.open("instances").sees("serving");
        relay.relay().pause();
        try {
            browser.sees("The last request failed. The relay does not answer. What you see below is from")
                    .sees("serving");
        } finally {
            relay.relay().resume();
        }
        browser.seesNot("The last request failed.");
        browser.open("commands/nobody-knows")
                .sees("There is nothing here.")
                .sees("no instance has a command of this id");
    }

    @Test
    void isNotThereIfItIsSwitchedOff() throws IOException {
        try (RelayProcess without =
                relay.builder().set("relay.page.enabled", "false").start()) {
            without.awaitReady(PATIENCE);
            assertThat(without.get(without.url()).statusCode()).isEqualTo(404);
            assertThat(without.get(without.url().resolve("/page/main.js")).statusCode())
                    .isEqualTo(404);
        } finally {
            relay.builder().set("relay.page.enabled", "true");
        }
    }

    /** For {@code docs/page.md}; and axe has nothing to say against any of them. */
    @Test
    void isForEverybodyAndIsPictured() {
        relay.send(ENDLESS, trigger("orders-backfill-7", ENDLESS));
        relay.reader().awaitEvent("run.running", "orders-backfill-7", PATIENCE);
        relay.send(ENDLESS, trigger("orders-backfill-8", ENDLESS));
        relay.send(QUIET, trigger("marketing-2026-11-29", QUIET));
        for (int hour = 7; hour < 11; hour++) {
            relay.send(QUICK, trigger("daily-2026-11-29T%02d".formatted(hour), QUICK));
        }
        relay.send(BROKEN, trigger("orders-2026-11-29T10", BROKEN));
        relay.send("x", "{\"command\": \"trigger\", \"job_id\": \"seventeen\"");
        relay.reader().awaitEvent("run.failed", "orders-2026-11-29T10", PATIENCE);
        relay.reader().awaitEvent("run.succeeded", "daily-2026-11-29T10", PATIENCE);
        relay.reader().awaitEvent("run.running", "marketing-2026-11-29", PATIENCE);

        Map<String, List<String>> violations = new TreeMap<>();
        for (boolean dark : new boolean[] {false, true}) {
            browser.isDark(dark);
            String light = dark ? "-dark" : "";
            look("overview" + light, "", "orders-backfill-8", violations);
            look("command" + light, "commands/orders-2026-11-29T10", "Why it failed", violations);
            look("send" + light, "send", "job_id", violations);
            look("connections" + light, "connections", "requests used", violations);
            look("instances" + light, "instances", "serving", violations);
            look("dead-letters" + light, "dead-letters", "malformed", violations);
            browser.open("connections").press("Suspend the connection default").sees("Suspend default?");
            violations.put("question" + light, browser.violations());
            browser.picture("question" + light, 600, 760);
            browser.press("Leave it");
        }
        browser.isDark(false);
        browser.isPhone(true);
        look("phone-overview", "", "orders-backfill-8", violations);
        look("phone-command", "commands/orders-2026-11-29T10", "Why it failed", violations);
        for (String view :
                List.of("", "commands/orders-2026-11-29T10", "send", "connections", "instances", "dead-letters")) {
            browser.open(view).sees("dbt-cloud-relay");
            assertThat(browser.isTooWide()).as("%s on a phone", view).isFalse();
        }
        browser.isPhone(false);
        browser.run("sessionStorage.clear()");
        browser.reload();
        browser.sees("API key");
        violations.put("sign-in", browser.violations());
        browser.picture("sign-in", 1, 700);

        assertThat(violations)
                .allSatisfy((view, found) -> assertThat(found).as(view).isEmpty());
        end(ENDLESS, "orders-backfill-7", "orders-backfill-8");
        end(QUIET, "marketing-2026-11-29");
    }

    private static void look(String name, String view, String text, Map<String, List<String>> violations) {
        browser.open(view).sees(text);
        violations.put(name, browser.violations());
        browser.picture(name, 1, 1_400);
    }

    /** So that the next test has its job for itself. */
    private static void end(long job, String... ids) {
        for (String id : ids) {
            relay.send(
                    job,
                    "{\"command\": \"cancel\", \"command_id\": \"end-%s\", \"target_command_id\": \"%s\"}"
                            .formatted(id, id));
        }
    }
}

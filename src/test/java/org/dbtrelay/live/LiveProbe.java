package org.dbtrelay.live;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.live.LiveCalls.Answer;
import org.dbtrelay.live.LiveCalls.Stopped;

/**
 * Measures what the relay takes for granted about dbt Cloud, with one job that may be started and cancelled at will: how long a
 * new run is missing from lists, which encodings of {@code pk__in} it takes, what it answers to a cause that is too long, to the
 * cancellation of a run that has ended, to a retry that is not possible and for artifacts that are not there, and how far the
 * clocks are apart. It starts a few runs, one after another, and cancels each at once. Its report holds no token.
 */
final class LiveProbe {

    static final int USUAL_ROUNDS = 3;

    /** A new run that is missing from lists for longer is not waited for. */
    static final Duration LONGEST_LAG = Duration.ofMinutes(3);

    /** A cancelled run is waited for so long. */
    private static final Duration LONGEST_CANCEL = Duration.ofMinutes(2);

    private static final Duration BETWEEN_POLLS = Duration.ofSeconds(1);

    /** dbt Cloud's own pages wait up to 45 s for a new run to appear (its release notes of 5 August 2026). */
    private static final Duration LEAST_SUGGESTED = Duration.ofSeconds(60);

    private static final int OF_MEASURED = 4;
    private static final int ALLOWED_CAUSE = 255;
    private static final String CAUSE = "[relay-live-probe] may be ignored";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final LiveCalls calls;
    private final String account;
    private final long jobId;
    private final PrintStream out;
    private final Set<Long> open = new TreeSet<>();
    private final List<Long> runs = new ArrayList<>();
    private final Map<String, String> findings = new TreeMap<>();
    private Duration longestLag = Duration.ZERO;
    private boolean complete = true;

    LiveProbe(URI host, long accountId, long jobId, String token, Clock clock, Monotonic monotonic, PrintStream out) {
        this.calls = new LiveCalls(host, token, clock, monotonic);
        this.account = "/api/v2/accounts/" + accountId + "/";
        this.jobId = jobId;
        this.out = out;
    }

    /** The system properties {@code live.host}, {@code live.account}, {@code live.job}, {@code live.token-file}, {@code live.rounds}. */
    public static void main(String[] arguments) throws IOException {
        String host = System.getProperty("live.host", "");
        Long account = Long.getLong("live.account");
        Long job = Long.getLong("live.job");
        String tokenFile = System.getProperty("live.token-file", "");
        if (!isAllowed(host) || account == null || job == null || tokenFile.isEmpty()) {
            System.err.println("Wanted: -Dlive.host=https://… -Dlive.account=… -Dlive.job=… -Dlive.token-file=…"
                    + " (and perhaps -Dlive.rounds=" + USUAL_ROUNDS + "). The job is started and cancelled a few times:"
                    + " take one that does no harm.");
            System.exit(2);
            return;
        }
        String token = Files.readString(Path.of(tokenFile)).strip();
        LiveProbe probe =
                new LiveProbe(URI.create(host), account, job, token, Clock.systemUTC(), new Monotonic(), System.out);
        System.exit(probe.run(Integer.getInteger("live.rounds", USUAL_ROUNDS)) ? 0 : 1);
    }

    /** A token goes over TLS, or to this machine. */
    static boolean isAllowed(String host) {
        return host.startsWith("https://") || host.startsWith("http://127.0.0.1:");
    }

    /** What was found, by its name in the report. */
    Map<String, String> findings() {
        return findings;
    }

    int requests() {
        return calls.sent();
    }

    /** Measures everything, and cancels what it has started; false if it had to stop. */
    boolean run(int rounds) {
        try {
            job();
            for (int round = 1; round <= rounds; round++) {
                visibility(round);
            }
            encodings();
            endedCancel();
            refusedRetry();
            artifacts();
            longCause();
            suggest();
            return true;
        } catch (Stopped e) {
            complete = false;
            say("stopped", String.valueOf(e.getMessage()));
            return false;
        } finally {
            cleanUp();
            say("requests", calls.sent() + ", at most one a second" + (complete ? "" : "; the report is not complete"));
        }
    }

    private void job() throws Stopped {
        Answer answer = calls.get(account + "jobs/" + jobId + "/");
        if (!answer.isGood()) {
            throw new Stopped("the job cannot be read: " + answer.inShort());
        }
        JsonNode job = answer.data();
        say(
                "job",
                "type " + job.path("job_type").asText("unknown") + ", state "
                        + job.path("state").asText("unknown") + ", deactivated "
                        + job.path("deactivated").asText("unknown"));
        String date = answer.http().headers().firstValue("date").orElse(null);
        if (date != null) {
            try {
                Instant theirs = ZonedDateTime.parse(date, DateTimeFormatter.RFC_1123_DATE_TIME)
                        .toInstant();
                say("clock.date-header", ahead(theirs, answer) + " (to a second)");
            } catch (DateTimeException e) {
                say("clock.date-header", "not readable");
            }
        }
    }

    /** One run: when GET knows it, when a list shows it, and what its cancellation does. */
    private void visibility(int round) throws Stopped {
        Answer triggered = trigger(CAUSE);
        if (!triggered.isGood()) {
            throw new Stopped("the trigger is refused: " + triggered.inShort());
        }
        long run = runs.getLast();
        say(
                "trigger." + round,
                triggered.status() + " after " + millis(triggered.sentAt(), triggered.answeredAt())
                        + "; in the answer: " + told(triggered.data()));
        Instant created = time(triggered.data().path("created_at").asText(""));
        if (created != null) {
            say("clock.created-at." + round, ahead(created, triggered));
        }
        Instant answered = triggered.answeredAt();
        String get = null;
        String list = null;
        Instant looked = answered;
        while ((get == null || list == null)
                && Duration.between(answered, looked).compareTo(LONGEST_LAG) < 0) {
            if (get == null) {
                Answer answer = calls.get(account + "runs/" + run + "/");
                get = answer.isGood() ? "known " + seconds(answered, answer.answeredAt()) : null;
            }
            if (list == null) {
                Answer answer = calls.get(account + "runs/?job_definition_id=" + jobId
                        + "&order_by=-id&limit=20&include_related=trigger");
                looked = answer.answeredAt();
                if (shows(answer, run)) {
                    Duration lag = Duration.between(answered, looked);
                    longestLag = lag.compareTo(longestLag) > 0 ? lag : longestLag;
                    list = "shown " + seconds(answered, looked);
                }
            } else {
                looked = looked.plus(BETWEEN_POLLS);
            }
        }
        say("visibility.get." + round, get == null ? "not known in " + LONGEST_LAG : get);
        say("visibility.list." + round, list == null ? "not shown in " + LONGEST_LAG : list);
        if (list == null) {
            longestLag = LONGEST_LAG;
        }
        Answer cancelled = cancel(run);
        say(
                "cancel." + round,
                cancelled.inShort() + ", status " + cancelled.data().path("status"));
        awaitEnd(run);
    }

    private void encodings() throws Stopped {
        long one = runs.getFirst();
        long other = runs.getLast();
        String commas = one + "," + other;
        encoding("json-array", "pk__in=" + encoded("[" + commas + "]"));
        encoding("json-array-of-texts", "pk__in=" + encoded("[\"" + one + "\",\"" + other + "\"]"));
        encoding("comma-list", "pk__in=" + encoded(commas));
        encoding("repeated-keys", "pk__in=" + one + "&pk__in=" + other);
    }

    private void encoding(String name, String parameter) throws Stopped {
        Answer answer = calls.get(account + "runs/?limit=100&order_by=id&" + parameter);
        Set<Long> asked = new TreeSet<>(Set.of(runs.getFirst()));
        asked.add(runs.getLast());
        say(
                "pk__in." + name,
                !answer.isGood()
                        ? answer.inShort()
                        : ids(answer).equals(asked) ? "works" : "answered " + answer.status() + " with other runs");
    }

    private void endedCancel() throws Stopped {
        Answer answer = calls.post(account + "runs/" + runs.getFirst() + "/cancel/");
        say(
                "cancel-of-ended-run",
                answer.inShort() + ", status " + answer.data().path("status"));
    }

    private void refusedRetry() throws Stopped {
        Answer run = calls.get(account + "runs/" + runs.getFirst() + "/");
        say("can_retry", run.data().path("can_retry") + ", " + run.data().path("retry_not_supported_reason"));
        if (run.data().path("can_retry").asBoolean(true)) {
            say("refused-retry", "not tried: the run can be retried, or does not tell");
            return;
        }
        Answer answer = calls.post(account + "runs/" + runs.getFirst() + "/retry/");
        remember(answer);
        say("refused-retry", answer.inShort());
    }

    private void artifacts() throws Stopped {
        String path = account + "runs/" + runs.getFirst() + "/artifacts/";
        Answer list = calls.get(path);
        say("artifacts.list", list.inShort() + ", data " + list.data().getNodeType());
        say("artifacts.absent", calls.get(path + "not-there.json").inShort());
    }

    private void longCause() throws Stopped {
        Answer answer = trigger("x".repeat(ALLOWED_CAUSE + 1));
        JsonNode cause = answer.data().path("trigger").path("cause");
        say(
                "over-long-cause",
                answer.inShort()
                        + (cause.isTextual() ? ", kept " + cause.textValue().length() + " characters" : ""));
    }

    /** Four times what was seen: a few runs at a quiet hour say little about the worst hour of a year. */
    private void suggest() {
        Duration suggested = longestLag.multipliedBy(OF_MEASURED);
        long tens = (Math.max(suggested.toSeconds(), LEAST_SUGGESTED.toSeconds()) + 9) / 10;
        say(
                "suggestion",
                "relay.ledger.visibility-lag=" + tens * 10 + "s (longest seen " + longestLag.toMillis() + " ms; "
                        + OF_MEASURED + " times that, at least " + LEAST_SUGGESTED.toSeconds() + " s)");
    }

    private Answer trigger(String cause) throws Stopped {
        Answer answer = calls.post(
                account + "jobs/" + jobId + "/run/",
                JSON.createObjectNode().put("cause", cause).toString());
        remember(answer);
        return answer;
    }

    private void remember(Answer answer) {
        long id = answer.data().path("id").asLong();
        if (answer.isGood() && id > 0) {
            open.add(id);
            runs.add(id);
        }
    }

    private Answer cancel(long run) throws Stopped {
        Answer answer = calls.post(account + "runs/" + run + "/cancel/");
        if (answer.isGood()) {
            open.remove(run);
        }
        return answer;
    }

    private void awaitEnd(long run) throws Stopped {
        for (Duration waited = Duration.ZERO;
                waited.compareTo(LONGEST_CANCEL) < 0;
                waited = waited.plus(BETWEEN_POLLS)) {
            if (calls.get(account + "runs/" + run + "/").data().path("status").asInt() >= 10) {
                return;
            }
        }
        throw new Stopped("run " + run + " has not ended " + LONGEST_CANCEL + " after it was cancelled");
    }

    /** Cancels what may still run, also after a stop. */
    private void cleanUp() {
        for (long run : List.copyOf(open)) {
            try {
                Answer answer = cancel(run);
                say("cleaned-up." + run, answer.inShort());
            } catch (Stopped e) {
                complete = false;
                say("cleaned-up." + run, "NOT CANCELLED, cancel it by hand: " + e.getMessage());
            }
        }
    }

    private static boolean shows(Answer list, long run) {
        return ids(list).contains(run);
    }

    private static Set<Long> ids(Answer list) {
        Set<Long> ids = new TreeSet<>();
        list.data().forEach(row -> ids.add(row.path("id").asLong()));
        return ids;
    }

    private static String told(JsonNode run) {
        List<String> told = new ArrayList<>();
        for (String part : List.of("trigger", "job", "audit")) {
            if (!(run.path(part) instanceof MissingNode) && !run.path(part).isNull()) {
                told.add(part);
            }
        }
        return told.isEmpty() ? "neither trigger nor job nor audit" : String.join(", ", told);
    }

    /** How far dbt Cloud's clock is before this machine's: the answer was made at some moment while it was waited for. */
    private static String ahead(Instant theirs, Answer answer) {
        Instant middle = answer.sentAt()
                .plus(Duration.between(answer.sentAt(), answer.answeredAt()).dividedBy(2));
        return "dbt Cloud's clock is " + Duration.between(middle, theirs).toMillis() + " ms ahead, give or take "
                + millis(middle, answer.answeredAt());
    }

    private static String millis(Instant from, Instant to) {
        return Duration.between(from, to).toMillis() + " ms";
    }

    private static String seconds(Instant from, Instant to) {
        return Duration.between(from, to).toMillis() + " ms after the trigger's answer";
    }

    private static Instant time(String text) {
        try {
            return OffsetDateTime.parse(text.strip().replace(' ', 'T')).toInstant();
        } catch (DateTimeException e) {
            return null;
        }
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private void say(String name, String value) {
        String clean = calls.withoutToken(value).replaceAll("\\p{Cntrl}", " ");
        findings.put(name, clean);
        out.printf("%-26s %s%n", name, clean);
    }
}

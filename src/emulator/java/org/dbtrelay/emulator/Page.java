package org.dbtrelay.emulator;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** What the emulator is and can do, for a person with a browser: one HTML document that loads nothing else. */
final class Page {
    private static final int RUNS = 25;

    private static final String STYLE = """
            :root { color-scheme: light dark; }
            body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1rem; }
            table { border-collapse: collapse; width: 100%; }
            caption { text-align: start; padding-block: .5rem; }
            th, td { border-bottom: 1px solid; padding: .3rem .6rem; text-align: start; vertical-align: top; }
            code, pre { font-family: ui-monospace, monospace; font-size: .9rem; }
            pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
            pre + pre { margin-top: .6rem; }
            .wide { overflow-x: auto; }
            """;

    private final DbtCloudEmulator emulator;
    private final boolean strict;

    Page(DbtCloudEmulator emulator, boolean strict) {
        this.emulator = emulator;
        this.strict = strict;
    }

    Answer answer() {
        return Answer.of(200, Answer.HTML, html())
                .with("Cache-Control", "no-store")
                .with(
                        "Content-Security-Policy",
                        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'");
    }

    private String html() {
        return """
                <!DOCTYPE html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <title>dbt Cloud emulator</title>
                <link rel="icon" href="data:,">
                <style>
                %s</style>
                </head>
                <body>
                <header>
                <h1>dbt Cloud emulator</h1>
                <p>It stands in for dbt Cloud's Administrative API at <code>%s</code>. Nothing here is dbt Cloud: no dbt runs, and
                runs follow a plan. %s The emulator's time is <time>%s</time>. <a href="/emulator/">Load this page again</a>.</p>
                </header>
                <main>
                """.formatted(
                                STYLE,
                                html(emulator.baseUrl()),
                                html(mode()),
                                time(emulator.clock().instant()))
                + section("begin", "Begin", begin())
                + section("tokens", "Tokens", tokens())
                + section("jobs", "Jobs", jobs())
                + section("runs", "Runs now", runs())
                + section("control", "Control", control())
                + """
                </main>
                <footer><p>The file docs/emulator.md of dbt-cloud-relay says what of this is known of dbt Cloud, what was seen, and
                what is a guess.</p></footer>
                </body>
                </html>
                """;
    }

    private String mode() {
        return strict
                ? "It is strict: it takes only what dbt Cloud's documents have."
                : "It is lenient: it also takes what published clients send.";
    }

    private String begin() {
        long job = anyJob();
        String account = "/api/v2/accounts/" + emulator.accountId();
        String token = " -H 'Authorization: Token " + emulator.token() + "'";
        String trust = emulator.certificate()
                .map(file -> "<p>Clients have to trust the authority in <code>%s</code>, for example by"
                                .formatted(html(file.toString()))
                        + " <code>REQUESTS_CA_BUNDLE</code> (requests), <code>SSL_CERT_FILE</code> (httpx, OpenSSL),"
                        + " <code>NODE_EXTRA_CA_CERTS</code> (Node).</p>\n")
                .orElse(
                        "<p>Clients that know only <code>https</code> need <code>-Demulator.tls</code> at the start.</p>\n");
        return trust
                + "<p>List the jobs, start a run, look at it:</p>\n"
                + pre(curl("GET", account + "/jobs/", "") + token)
                + pre(curl("POST", account + "/jobs/" + job + "/run/", "{\"cause\": \"by hand\"}") + token)
                + pre(curl("GET", account + "/runs/?order_by=-id&limit=1", "") + token);
    }

    private String tokens() {
        return table(
                "Each is sent as Token or as Bearer, and is good for these accounts only",
                List.of("Token", "Accounts"),
                emulator.access().tokens().entrySet().stream()
                        .map(token -> List.of(
                                code(token.getKey()),
                                html(token.getValue().stream()
                                        .sorted()
                                        .map(String::valueOf)
                                        .collect(Collectors.joining(", ")))))
                        .toList());
    }

    private String jobs() {
        World world = emulator.world();
        return table(
                "All jobs of all accounts",
                List.of("Job", "Name", "What its runs do", "Environment", "Project", "Account"),
                world.accounts().stream()
                        .flatMap(account -> world.jobs(account.id()).stream())
                        .map(job -> List.of(
                                code(Long.toString(job.id())),
                                html(job.name()),
                                html(job.state() == 1 ? job.description() : "deleted"),
                                html(world.environment(job.accountId(), job.environmentId())
                                        .map(it -> it.name() + " " + it.id())
                                        .orElse("")),
                                html(world.project(job.accountId(), job.projectId())
                                        .map(it -> it.name() + " " + it.id())
                                        .orElse("")),
                                Long.toString(job.accountId())))
                        .toList());
    }

    private String runs() {
        List<RunView> all = emulator.runs();
        if (all.isEmpty()) {
            return "<p>There is no run yet.</p>\n";
        }
        return table(
                "The newest of %d, at most %d".formatted(all.size(), RUNS),
                List.of("Run", "Job", "Status", "Cause", "Created", "Ended"),
                all.stream()
                        .sorted(Comparator.comparingLong(RunView::id).reversed())
                        .limit(RUNS)
                        .map(run -> List.of(
                                code(Long.toString(run.id())),
                                html(run.job().name() + " " + run.jobId()),
                                html(run.status().humanized()),
                                html(run.cause()),
                                time(run.createdAt()),
                                run.finishedAt() == null ? "" : time(run.finishedAt())))
                        .toList());
    }

    private String control() {
        String run = emulator.runs().stream()
                .map(view -> Long.toString(view.id()))
                .reduce((older, newer) -> newer)
                .orElse("RUN_ID");
        return table(
                "Calls of the emulator's own. They need no token",
                List.of("For", "Call"),
                Control.CALLS.stream()
                        .map(call -> List.of(
                                html(call.what()),
                                pre(curl(
                                        call.method(),
                                        "/emulator/"
                                                + call.path()
                                                        .replace("{job}", Long.toString(anyJob()))
                                                        .replace("{run}", run),
                                        call.body()))))
                        .toList());
    }

    private long anyJob() {
        return emulator.world().jobs(emulator.accountId()).stream()
                .filter(job -> job.state() == 1)
                .mapToLong(EmulatedJob::id)
                .findFirst()
                .orElse(0);
    }

    private String curl(String method, String path, String body) {
        String trust =
                emulator.certificate().map(file -> " --cacert '" + file + "'").orElse("");
        String data = body.isEmpty() ? "" : " -H 'Content-Type: application/json' -d '" + body + "'";
        return "curl -sS -X " + method + trust + " '" + emulator.baseUrl() + path + "'" + data;
    }

    private static String section(String id, String title, String content) {
        return "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n%s</section>\n"
                .formatted(id, id, html(title), content);
    }

    /** The cells are HTML already. */
    private static String table(String caption, List<String> columns, List<List<String>> rows) {
        StringBuilder table = new StringBuilder(
                "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"%s\">\n".formatted(html(caption)));
        table.append("<table>\n<caption>").append(html(caption)).append("</caption>\n<thead><tr>");
        columns.forEach(column ->
                table.append("<th scope=\"col\">").append(html(column)).append("</th>"));
        table.append("</tr></thead>\n<tbody>\n");
        for (List<String> row : rows) {
            table.append("<tr><th scope=\"row\">").append(row.getFirst()).append("</th>");
            row.subList(1, row.size())
                    .forEach(cell -> table.append("<td>").append(cell).append("</td>"));
            table.append("</tr>\n");
        }
        return table.append("</tbody>\n</table>\n</div>\n").toString();
    }

    private static String time(Instant instant) {
        return instant.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    private static String pre(String text) {
        return "<pre><code>" + html(text) + "</code></pre>\n";
    }

    private static String code(String text) {
        return "<code>" + html(text) + "</code>";
    }

    private static String html(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }
}

package org.dbtrelay.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dbtrelay.demo.DemoCommand.Expectation;
import org.dbtrelay.testkit.ReceivedEvent;

/** The commands that the demo sends, and the book-keeping of what has come of them. */
final class Script {

    /** The artifacts that the demo's relay fetches of each run. */
    static final List<String> ARTIFACTS = List.of("manifest.json", "run_results.json");

    private final List<DemoCommand> commands;

    private Script(List<DemoCommand> commands) {
        this.commands = List.copyOf(commands);
    }

    /** The script for these jobs of the emulator's world. */
    static Script of(long succeedingJob, long failingJob, JobNames byName) {
        String orders = """
                {"command": "trigger", "command_id": "orders", "job_id": %d, "cause": "orders landed", \
                "context": {"batch": 17}}""".formatted(succeedingJob);
        return new Script(List.of(
                new DemoCommand("a job that succeeds", key(succeedingJob), orders, succeeds("orders")),
                new DemoCommand("the same command once more: no second run", key(succeedingJob), orders, List.of()),
                new DemoCommand(
                        "a job whose dbt step fails",
                        key(failingJob),
                        "{\"command\": \"trigger\", \"command_id\": \"broken\", \"job_id\": %d}".formatted(failingJob),
                        List.of(
                                event("run.failed", "broken"),
                                new Expectation(
                                        "why the run of broken failed",
                                        event -> event.commandId().equals("broken")
                                                && !event.data()
                                                        .path("failure")
                                                        .path("step")
                                                        .isMissingNode()),
                                artifact("broken", "run_results.json"))),
                new DemoCommand(
                        "a job by its names",
                        byName.job(),
                        """
                        {"command": "trigger", "command_id": "by-name", "project_name": "%s", \
                        "environment_name": "%s", "job_name": "%s"}""".formatted(byName.project(), byName.environment(), byName.job()),
                        succeeds("by-name")),
                new DemoCommand(
                        "a job that does not exist",
                        "404",
                        "{\"command\": \"trigger\", \"command_id\": \"unknown-job\", \"job_id\": 404}",
                        List.of(new Expectation(
                                "command.rejected (job_not_found) of unknown-job",
                                event -> event.is("command.rejected", "unknown-job")
                                        && event.reason().equals(Optional.of("job_not_found"))))),
                new DemoCommand(
                        "no JSON: goes to the dead letters",
                        "oops",
                        "run the orders job, please",
                        List.of(new Expectation(
                                "the malformed record among the dead letters",
                                event -> "malformed".equals(event.header("dlq-reason"))
                                        && "run the orders job, please".equals(event.text()))))));
    }

    /** The script with all other kinds of commands too; they are about a job whose runs have no end of their own. */
    Script andAll(long endlessJob) {
        var all = new ArrayList<>(commands);
        all.add(new DemoCommand(
                "a job that takes long",
                key(endlessJob),
                "{\"command\": \"trigger\", \"command_id\": \"nightly\", \"job_id\": %d}".formatted(endlessJob),
                List.of()));
        all.add(new DemoCommand(
                "the same job again, in place of the run that is there",
                key(endlessJob),
                """
                {"command": "trigger", "command_id": "nightly-anew", "job_id": %d, "if_running": "replace"}""".formatted(endlessJob),
                event("run.running", "nightly"),
                List.of(
                        new Expectation(
                                "run.cancelled (superseded) of nightly",
                                event -> event.is("run.cancelled", "nightly")
                                        && event.reason().equals(Optional.of("superseded"))),
                        event("run.running", "nightly-anew"))));
        all.add(new DemoCommand(
                "cancel that one",
                key(endlessJob),
                "{\"command\": \"cancel\", \"command_id\": \"stop\", \"target_command_id\": \"nightly-anew\"}",
                event("run.running", "nightly-anew"),
                List.of(event("run.cancelled", "nightly-anew"), event("command.completed", "stop"))));
        DemoCommand broken = commands.stream()
                .filter(command -> command.value().contains("\"broken\""))
                .findFirst()
                .orElseThrow();
        all.add(new DemoCommand(
                "retry the run that failed, from where it failed",
                broken.key(),
                "{\"command\": \"retry\", \"command_id\": \"again\", \"target_command_id\": \"broken\"}",
                event("run.failed", "broken"),
                List.of(new Expectation(
                        "the end of the retry",
                        event -> event.commandId().equals("again")
                                && event.data().path("finished_at").isTextual()
                                && !event.data().path("retry_of_run_id").isNull()))));
        return new Script(all);
    }

    /** A job by the names that people use. */
    record JobNames(String project, String environment, String job) {}

    List<DemoCommand> commands() {
        return commands;
    }

    /** The events that have not come yet, in words; empty when all have come. */
    List<String> missing(List<ReceivedEvent> events) {
        var missing = new ArrayList<String>();
        for (DemoCommand command : commands) {
            for (Expectation expectation : command.expectations()) {
                if (events.stream().noneMatch(expectation.isMetBy())) {
                    missing.add(expectation.what());
                }
            }
        }
        return missing;
    }

    private static List<Expectation> succeeds(String commandId) {
        var expected =
                new ArrayList<>(List.of(event("command.accepted", commandId), event("run.succeeded", commandId)));
        ARTIFACTS.forEach(path -> expected.add(artifact(commandId, path)));
        return expected;
    }

    private static Expectation event(String type, String commandId) {
        return new Expectation(type + " of " + commandId, event -> event.is(type, commandId));
    }

    private static Expectation artifact(String commandId, String path) {
        return new Expectation(
                "artifact.ready of %s with %s in the store".formatted(commandId, path),
                event -> event.is("artifact.ready", commandId)
                        && event.data().path("path").asText().equals(path)
                        && isStored(event));
    }

    /** Whether the file that the event names is there, with the size that it names. */
    private static boolean isStored(ReceivedEvent artifact) {
        String location = artifact.data().path("location").asText("");
        if (!location.startsWith("file:")) {
            return false;
        }
        Path file = Path.of(URI.create(location));
        try {
            return Files.isRegularFile(file)
                    && Files.size(file) == artifact.data().path("size_bytes").asLong(-1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String key(long jobId) {
        return Long.toString(jobId);
    }
}

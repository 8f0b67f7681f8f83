package org.dbtrelay.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.DateTimeException;
import java.util.List;
import java.util.Set;

/**
 * The emulator's own calls, below {@code /emulator/}: another process sets faults, turns the clock and looks at what
 * happened; a person finds a page there. They need no token and are not counted.
 */
final class Control {
    private static final Set<String> PAGE = Set.of("/", "/emulator", "/emulator/");

    /** All calls, each with an example that works; {@code {job}} and {@code {run}} stand for ids. */
    static final List<Call> CALLS = List.of(
            new Call("GET", "world", "", "Accounts, projects, environments and jobs"),
            new Call("GET", "runs", "", "All runs; ?cause=text leaves those whose cause contains it"),
            new Call("POST", "jobs/{job}/trigger", "{\"cause\": \"by another\"}", "Somebody else triggers a run"),
            new Call(
                    "POST",
                    "jobs/{job}/next-run",
                    "{\"running\": \"PT10M\", \"failing_step\": \"dbt build\", \"failure_message\": \"no disk\"}",
                    "Plans the job's next run: how long it takes and how it ends"),
            new Call("POST", "jobs/{job}/seed", "{\"count\": 3}", "Makes runs that have succeeded"),
            new Call(
                    "POST",
                    "runs/{run}/status",
                    "{\"status\": 20, \"message\": \"No resources\"}",
                    "Brings a run to a status now: 3 running, 10 success, 20 error, 30 cancelled"),
            new Call("GET", "clock", "", "The emulator's time"),
            new Call("POST", "clock", "{\"by\": \"PT1M\"}", "Lets a minute pass at once"),
            new Call(
                    "POST",
                    "faults",
                    "{\"fault\": \"lose_answer_after_creating\", \"endpoint\": \"TRIGGER\", \"count\": 1}",
                    "The next trigger makes a run, and its answer is lost"),
            new Call(
                    "POST",
                    "faults",
                    "{\"fault\": \"status\", \"status\": 503, \"endpoint\": \"GET_RUN\", \"during\": \"PT30S\"}",
                    "For half a minute a run cannot be read"),
            new Call("DELETE", "faults", "", "Ends all faults"),
            new Call("GET", "requests", "", "The latest requests, as they came"),
            new Call("GET", "counters", "", "How many requests came, by endpoint"),
            new Call("DELETE", "counters", "", "Counts and remembers requests from now on"),
            new Call(
                    "POST",
                    "tokens",
                    "{\"allow\": \"another-token\"}",
                    "Lets a token in; {\"revoke\": \"another-token\"} shuts it out"));

    private final DbtCloudEmulator emulator;

    /**
     * A call of the emulator's own.
     *
     * @param path below {@code /emulator/}
     * @param body JSON, or empty
     */
    record Call(String method, String path, String body, String what) {}

    Control(DbtCloudEmulator emulator) {
        this.emulator = emulator;
    }

    /** Whether the request is for the emulator itself. Only a strict one leaves the root to dbt Cloud. */
    static boolean isFor(Request request) {
        String path = request.path();
        return path.startsWith("/emulator/") || (PAGE.contains(path) && !(request.strict() && path.equals("/")));
    }

    Answer answer(Request request) {
        if (PAGE.contains(request.path())) {
            return request.method().equals("GET")
                    ? new Page(emulator, request.strict()).answer()
                    : Envelope.error(405, "Method \"" + request.method() + "\" not allowed.");
        }
        try {
            JsonNode body = request.body().length == 0 ? Envelope.object() : Envelope.MAPPER.readTree(request.body());
            String[] path = request.path().substring("/emulator/".length()).split("/", -1);
            return Envelope.answer(200, call(request, path, body));
        } catch (Refusal refusal) {
            return refusal.answer();
        } catch (IOException | IllegalArgumentException | DateTimeException e) {
            return Envelope.answer(400, Envelope.object().put("error", e.getMessage()));
        }
    }

    private JsonNode call(Request request, String[] path, JsonNode body) {
        String what = request.method() + " " + path[0] + (path.length > 2 ? "/{}/" + path[2] : "");
        return switch (what) {
            case "GET world" -> world();
            case "GET counters" -> counters();
            case "DELETE counters" -> {
                emulator.counters().reset();
                yield counters();
            }
            case "GET requests" -> requests();
            case "POST faults" -> {
                FaultJson.put(emulator.faults(), body);
                yield Envelope.object().put("in_force", emulator.faults().inForce());
            }
            case "DELETE faults" -> {
                emulator.faults().clear();
                yield Envelope.object().put("in_force", 0);
            }
            case "GET clock" ->
                Envelope.object().put("now", emulator.clock().instant().toString());
            case "POST clock" ->
                Envelope.object()
                        .put(
                                "now",
                                emulator.advance(FaultJson.duration(body, "by")).toString());
            case "GET runs" -> runs(request);
            case "POST runs/{}/status" -> {
                String message =
                        body.hasNonNull("message") ? body.path("message").asText() : null;
                RunStatus status = RunStatus.of(body.path("status").asInt());
                yield run(emulator.moveRun(Long.parseLong(path[1]), status, message));
            }
            case "POST jobs/{}/seed" -> {
                int count = body.path("count").asInt(1);
                long job = Long.parseLong(path[1]);
                yield Envelope.MAPPER.valueToTree(
                        body.path("older").asBoolean()
                                ? emulator.seedOlderRuns(job, count)
                                : emulator.seedRuns(job, count));
            }
            case "POST jobs/{}/next-run" -> {
                emulator.planNextRun(Long.parseLong(path[1]), PlanJson.read(body));
                yield NullNode.instance;
            }
            case "POST jobs/{}/trigger" ->
                run(emulator.triggerByOther(
                        Long.parseLong(path[1]), body.path("cause").asText("by another")));
            case "POST tokens" -> {
                if (body.has("revoke")) {
                    emulator.access().revoke(body.path("revoke").asText());
                }
                if (body.has("allow")) {
                    emulator.access().allow(body.path("allow").asText(), emulator.accountId());
                }
                yield NullNode.instance;
            }
            case String other -> throw Refusal.notFound();
        };
    }

    private ObjectNode world() {
        ObjectNode json = Envelope.object();
        json.put("base_url", emulator.baseUrl());
        json.put("account_id", emulator.accountId());
        World world = emulator.world();
        world.accounts().forEach(account -> {
            ObjectNode one = json.withArray("accounts").addObject();
            one.put("id", account.id()).put("name", account.name());
            world.projects(account.id())
                    .forEach(project -> one.withArray("projects")
                            .addObject()
                            .put("id", project.id())
                            .put("name", project.name()));
            world.environments(account.id())
                    .forEach(environment -> one.withArray("environments")
                            .addObject()
                            .put("id", environment.id())
                            .put("project_id", environment.projectId())
                            .put("name", environment.name()));
            world.jobs(account.id())
                    .forEach(job -> one.withArray("jobs")
                            .addObject()
                            .put("id", job.id())
                            .put("environment_id", job.environmentId())
                            .put("name", job.name())
                            .put("description", job.description()));
        });
        return json;
    }

    private ObjectNode counters() {
        ObjectNode json = Envelope.object();
        emulator.counters().snapshot().forEach((endpoint, count) -> json.put(endpoint.name(), count));
        return json;
    }

    private ArrayNode requests() {
        ArrayNode json = Envelope.array();
        for (ReceivedRequest request : emulator.counters().requests()) {
            ObjectNode one = json.addObject();
            one.put("at", request.at().toString());
            one.put("endpoint", request.endpoint().name());
            one.put("method", request.method());
            one.put("path", request.path());
            one.set("query", Envelope.MAPPER.valueToTree(request.query()));
            one.set("headers", Envelope.MAPPER.valueToTree(request.headers()));
            one.put("body", request.body());
        }
        return json;
    }

    private ArrayNode runs(Request request) {
        String cause = request.query().last("cause");
        List<RunView> runs = cause == null ? emulator.runs() : emulator.runsByCause(cause);
        ArrayNode json = Envelope.array();
        runs.forEach(run -> json.add(run(run)));
        return json;
    }

    private ObjectNode run(RunView run) {
        return new RunJson(emulator.world(), emulator::baseUrl).of(run, Set.of("trigger"));
    }
}

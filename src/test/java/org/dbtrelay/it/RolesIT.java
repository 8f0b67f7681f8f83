package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dbtrelay.config.Role;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each operation of the table in {@code docs/http.md}, over HTTP, by each key: who may do it does it, and all others change nothing. */
class RolesIT {

    private static final String VIEWER_KEY = "a-key-on-the-wall-of-the-office";
    private static final String SENDER_KEY = "a-key-that-a-scheduler-has";
    private static final String OPERATOR_KEY = "a-key-of-those-who-are-on-call";

    private static final Map<Role, ApiCalls> BY_ROLE = Map.of(
            Role.VIEWER, ApiCalls.with(VIEWER_KEY),
            Role.SENDER, ApiCalls.with(SENDER_KEY),
            Role.OPERATOR, ApiCalls.with(OPERATOR_KEY));

    private static final Map<Role, String> NAMES =
            Map.of(Role.VIEWER, "wall", Role.SENDER, "scheduler", Role.OPERATOR, "on-call");

    /** Who has no key of the relay's, whatever else they send. */
    private static final List<ApiCalls> NOBODY = List.of(
            new ApiCalls(null),
            new ApiCalls(OPERATOR_KEY),
            ApiCalls.with("a-key-that-nobody-has-configured"),
            ApiCalls.with(OPERATOR_KEY.substring(1)),
            ApiCalls.with(OPERATOR_KEY + "x"),
            ApiCalls.with("on-call"),
            new ApiCalls("Basic " + OPERATOR_KEY),
            new ApiCalls("Relay-Instance 1764410400." + "0".repeat(64)));

    private static final Pattern OPERATION = Pattern.compile("`(GET|POST|PUT|DELETE) (/\\S+)`");
    private static final String LEVEL = "{\"level\": \"INFO\"}";
    private static final List<String> IDS = List.of("kept", "ended");

    private RelayStage stage;
    private Deployment relay;
    private OneRunEach commands;

    /** One line of the table. */
    private record Operation(String method, String path, Role needed) {

        HttpResponse<String> by(ApiCalls somebody, RelayProcess process) {
            return somebody.send(
                    process, method, path, method.equals("PUT") ? LEVEL : "", "Content-Type", "application/json");
        }
    }

    @BeforeEach
    void start() {
        stage = RelayStage.of(RolesIT.class, OneRunEach.unending(IDS));
        relay = stage.deployment("roles")
                .set("mp.messaging.incoming.commands.session.timeout.ms", "6000")
                .set("relay.ledger.visibility-lag", "1s")
                .set("relay.api.advertised-url", "http://127.0.0.1:0")
                .set("relay.api.open", "false")
                .set("relay.api.keys.wall", VIEWER_KEY)
                .set("relay.api.roles.wall", "viewer")
                .set("relay.api.keys.scheduler", SENDER_KEY)
                .set("relay.api.roles.scheduler", "sender")
                // Without a role it is an operator's.
                .set("relay.api.keys.on-call", OPERATOR_KEY);
        commands = new OneRunEach(stage.dbtCloud(), relay, IDS);
    }

    @AfterEach
    void end() {
        stage.close();
    }

    @Test
    void eachKeyMayDoWhatItsRoleSaysAndNobodyElseAnything() throws IOException {
        RelayProcess process = relay.start().relay();
        JsonNode before = state(process);
        List<Operation> all = operations();
        assertThat(all.stream().map(Operation::needed)).contains(Role.values());

        for (Operation operation : all) {
            for (ApiCalls nobody : NOBODY) {
                HttpResponse<String> refused = operation.by(nobody, process);
                assertThat(refused.statusCode())
                        .as("%s by %s", operation, nobody)
                        .isEqualTo(401);
                assertThat(refused.headers().firstValue("WWW-Authenticate")).hasValue("Bearer");
                assertThat(refused.body()).doesNotContain(VIEWER_KEY, SENDER_KEY, OPERATOR_KEY);
            }
            BY_ROLE.forEach((role, somebody) -> {
                if (!role.includes(operation.needed())) {
                    assertForbidden(operation.by(somebody, process), operation.needed(), role);
                }
            });
        }
        assertThat(state(process)).as("nothing has changed").isEqualTo(before);

        for (Operation operation : all) {
            BY_ROLE.forEach((role, somebody) -> {
                if (role.includes(operation.needed())) {
                    assertThat(operation.by(somebody, process).statusCode())
                            .as("%s by the role %s", operation, role)
                            .isNotIn(401, 403)
                            .isLessThan(500);
                }
            });
        }
        BY_ROLE.forEach((role, somebody) -> {
            JsonNode me = somebody.read(process, "/api/me");
            assertThat(me.path("name").asText()).isEqualTo(NAMES.get(role));
            assertThat(me.path("role").asText()).isEqualTo(role.wireName());
            assertThat(me.path("sign_in").asText()).isEqualTo("key");
        });
        assertThat(new ApiCalls("bearer " + VIEWER_KEY).get(process, "/api/me").statusCode())
                .as("RFC 9110: the case of a scheme does not matter")
                .isEqualTo(200);
    }

    @Test
    void aRoleHoldsWhenAnotherInstanceIsAsked() {
        try (RelayProcess first = relay.start().relay();
                RelayProcess second = relay.start().relay()) {
            OwnedPartitions.awaitShared(first, second, 3);
            commands.send(IDS);
            commands.awaitRunning(IDS);
            for (String id : IDS) {
                ApiCalls viewer = BY_ROLE.get(Role.VIEWER);
                await().atMost(PATIENCE)
                        .until(() -> viewer.get(first, "/api/commands/" + id).statusCode() == 200);
                for (RelayProcess each : List.of(first, second)) {
                    assertThat(viewer.read(each, "/api/commands/" + id)
                                    .path("state")
                                    .asText())
                            .isEqualTo("following");
                    for (Role role : List.of(Role.VIEWER, Role.SENDER)) {
                        for (String scope : List.of("", "?scope=instance", "?scope=deployment")) {
                            assertForbidden(
                                    BY_ROLE.get(role).post(each, "/api/commands/" + id + "/end" + scope, ""),
                                    Role.OPERATOR,
                                    role);
                        }
                    }
                    assertForbidden(viewer.post(each, "/api/commands", cancel(id, by(each))), Role.SENDER, Role.VIEWER);
                }
            }
            for (String id : IDS) {
                assertThat(BY_ROLE.get(Role.VIEWER)
                                .read(second, "/api/commands/" + id)
                                .path("state")
                                .asText())
                        .as("nobody who may not has ended it")
                        .isEqualTo("following");
            }

            RelayProcess notItsOwner = notOwnerOf("ended", first, second);
            assertThat(BY_ROLE.get(Role.OPERATOR)
                            .post(notItsOwner, "/api/commands/ended/end", "")
                            .statusCode())
                    .isEqualTo(202);
            notItsOwner.process().awaitLine(Pattern.compile("A person ended a command.*ended.*on-call"), PATIENCE);
            relay.reader().awaitEvent("run.abandoned", "ended", PATIENCE);
            HttpResponse<String> sent = BY_ROLE.get(Role.SENDER)
                    .post(notOwnerOf("kept", first, second), "/api/commands", cancel("kept", "for-good"));
            assertThat(sent.statusCode()).as(sent.body()).isEqualTo(202);
            relay.reader().awaitEvent("run.cancelled", "kept", PATIENCE);
        }
        assertThat(relay.history().commandIds()).containsExactlyInAnyOrder("kept", "ended", "stop-kept-for-good");
    }

    private static String by(RelayProcess process) {
        return "asked-at-" + process.url().getPort();
    }

    private static String cancel(String target, String suffix) {
        return "{\"command\": \"cancel\", \"command_id\": \"stop-%s-%s\", \"target_command_id\": \"%s\"}"
                .formatted(target, suffix, target);
    }

    private static RelayProcess notOwnerOf(String id, RelayProcess first, RelayProcess second) {
        boolean isOfFirst = BY_ROLE.get(Role.VIEWER)
                        .get(first, "/api/commands/" + id + "?scope=instance")
                        .statusCode()
                == 200;
        return isOfFirst ? second : first;
    }

    private static void assertForbidden(HttpResponse<String> refused, Role needed, Role role) {
        assertThat(refused.statusCode()).as("%s", refused).isEqualTo(403);
        JsonNode problem = ApiCalls.body(refused);
        assertThat(problem.path("needed_role").asText()).isEqualTo(needed.wireName());
        assertThat(problem.path("detail").asText()).contains(NAMES.get(role), role.wireName());
    }

    /** What operations change that need no command. */
    private static JsonNode state(RelayProcess process) {
        ApiCalls viewer = BY_ROLE.get(Role.VIEWER);
        return JsonNodeFactory.instance
                .arrayNode()
                .add(viewer.read(process, "/api/connections"))
                .add(viewer.read(process, "/api/log-levels"))
                .add(viewer.read(process, "/api/commands").path("data"))
                .add(viewer.read(process, "/api/dead-letters").path("data"));
    }

    /** The operations of the table, with something in the place of each parameter, in the order of the table. */
    private List<Operation> operations() throws IOException {
        long job = stage.dbtCloud().world().jobNamed("kept").id();
        Map<String, String> parameters = Map.of(
                "{command_id}", "unknown",
                "{connection}", "default",
                "{partition}", "0",
                "{offset}", "0",
                "{category}", "org.dbtrelay.watch",
                "{job_id}", Long.toString(job));
        List<Operation> all = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of("docs", "http.md"))) {
            for (Role role : Role.values()) {
                if (line.startsWith("| `" + role.wireName() + "` |")) {
                    Matcher operation = OPERATION.matcher(line);
                    while (operation.find()) {
                        String path = operation.group(2);
                        for (Map.Entry<String, String> each : parameters.entrySet()) {
                            path = path.replace(each.getKey(), each.getValue());
                        }
                        assertThat(path).doesNotContain("{");
                        all.add(new Operation(operation.group(1), path, role));
                    }
                }
            }
        }
        String accounts = "/api/connections/default/accounts";
        String account = accounts + "/" + stage.dbtCloud().accountId();
        for (String path : List.of(accounts, account, account + "/jobs", account + "/runs")) {
            all.add(new Operation("GET", path, Role.VIEWER));
        }
        return all;
    }
}

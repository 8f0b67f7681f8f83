package org.dbtrelay.api;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.dbtrelay.dbtcloud.paging.Listing;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.models.OpenAPI;
import org.eclipse.microprofile.openapi.models.Operation;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.media.Schema.SchemaType;
import org.eclipse.microprofile.openapi.models.responses.APIResponse;
import org.jspecify.annotations.Nullable;

/**
 * The schemas of the HTTP API's description. Those of the relay's own records say what is always there and what may be null, by
 * the records themselves; those of dbt Cloud's resources are open and name what dbt Cloud documents and clients rely on.
 */
final class ApiSchemas {

    private static final List<Class<? extends Record>> OWN = List.of(
            CommandState.class,
            CommandState.Told.class,
            CommandPage.class,
            InstancePage.class,
            InstancePage.InstanceState.class,
            InstancePage.PartitionState.class,
            InstancePage.BudgetState.class,
            ActivityPage.class,
            ActivityPage.ActivityMinute.class,
            CommandResource.Accepted.class,
            ConnectionResource.Connection.class,
            ConnectionResource.Refused.class,
            ConnectionResource.SuspendedJob.class,
            ConnectionResource.Tested.class,
            AccountResource.FoundJob.class,
            RunResource.Retry.class,
            LogLevelResource.LogLevel.class,
            DeadLetterState.class,
            DeadLetterPage.class,
            DeadLetterResource.Replay.class,
            MeResource.Me.class,
            Problem.class);

    /** Left out of an answer where there is nothing to tell. */
    private static final Set<String> OPTIONAL = Set.of(
            "CommandState.events",
            "CommandState.timeline",
            "CommandPage.partitions",
            "Problem.failure",
            "Problem.parameter",
            "Problem.needed_role");

    /** The resources of single answers and of pages, by the operation. */
    private static final Map<String, String> RESOURCES = Map.of(
            "getAccount", "Account",
            "getProject", "Project",
            "getEnvironment", "Environment",
            "getJob", "Job",
            "getRun", "Run");

    private static final Map<String, String> PAGES = Map.of(
            "listAccounts", "Account",
            "listProjects", "Project",
            "listEnvironments", "Environment",
            "listJobs", "Job",
            "listRuns", "Run",
            "listArtifacts", "Artifact");

    private static final Map<String, String> OF_PARAMETERS = Map.ofEntries(
            Map.entry("connection", "The name of a configured connection"),
            Map.entry("account_id", "The account, by dbt Cloud's id"),
            Map.entry("project_id", "The project, by dbt Cloud's id"),
            Map.entry("environment_id", "The environment, by dbt Cloud's id"),
            Map.entry("job_id", "The job, by dbt Cloud's id"),
            Map.entry("run_id", "The run, by dbt Cloud's id"),
            Map.entry("command_id", "The command's id, encoded for a path"),
            Map.entry("path", "The artifact's path below dbt's target directory, with its slashes"),
            Map.entry("category", "org.dbtrelay, or a category below it"),
            Map.entry("partition", "The partition of the dead-letter topic"),
            Map.entry("offset", "The offset in the partition"));

    private ApiSchemas() {}

    /** Adds what is missing, and takes out what no client should see. */
    static void complete(OpenAPI api) {
        Map<String, Schema> schemas = new LinkedHashMap<>();
        for (Class<? extends Record> type : OWN) {
            schemas.put(type.getSimpleName(), of(type));
        }
        schemas.put("Command", command());
        schemas.put("CloudEvent", cloudEvent());
        schemas.put("Account", open("id", "!name", "plan", "state:int", "created_at", "updated_at"));
        schemas.put("Project", open("id", "!name", "account_id:id", "description", "state:int"));
        schemas.put(
                "Environment",
                open("id", "!name", "account_id:id", "project_id:id", "dbt_version", "type", "deployment_type"));
        schemas.put(
                "Job",
                open(
                        "id",
                        "!name",
                        "account_id:id",
                        "project_id:id",
                        "environment_id:id",
                        "description",
                        "dbt_version",
                        "execute_steps:list",
                        "state:int",
                        "deactivated:flag"));
        schemas.put(
                "Run",
                open(
                        "id",
                        "status:int",
                        "account_id:id",
                        "project_id:id",
                        "environment_id:id",
                        "job_definition_id:id",
                        "status_humanized",
                        "status_message",
                        "git_branch",
                        "git_sha",
                        "dbt_version",
                        "created_at",
                        "started_at",
                        "finished_at",
                        "is_complete:flag",
                        "is_success:flag",
                        "is_error:flag",
                        "is_cancelled:flag",
                        "href"));
        PAGES.values()
                .forEach(row -> schemas.put(
                        row + "Page",
                        object().addProperty(
                                        "data",
                                        array(row.equals("Artifact") ? string().description("A path") : ref(row))
                                                .description("The rows as dbt Cloud sent them"))
                                .addProperty(
                                        "next_cursor",
                                        nullable(string())
                                                .description(
                                                        "Give it as cursor to get the next page; null after the last"))
                                .required(List.of("data", "next_cursor"))));
        api.getComponents().setSchemas(new TreeMap<>(schemas));
    }

    /** The bodies of an operation's good answer and of its request. */
    static void completeContent(Operation operation) {
        String id = operation.getOperationId();
        @Nullable String resource = RESOURCES.get(id);
        @Nullable String page = PAGES.get(id);
        @Nullable
        Schema schema = switch (id) {
            case "sendCommand", "endCommand" -> ref("Accepted");
            case "getCommand" -> ref("CommandState");
            case "suspendConnection", "resumeConnection", "suspendJob", "resumeJob" -> ref("Connection");
            case "listDeadLetters" -> ref("DeadLetterPage");
            case "getDeadLetter" -> ref("DeadLetterState");
            case "replayDeadLetter" -> ref("Replay");
            case "listLogLevels", "setLogLevel" ->
                object().additionalPropertiesSchema(string()).description("The level of each category that has one");
            default -> resource != null ? ref(resource) : page != null ? ref(page + "Page") : null;
        };
        if (schema != null) {
            String status = id.equals("sendCommand") || id.equals("endCommand") ? "202" : "200";
            answer(operation, status).setContent(ApiDescription.content("application/json", schema));
        }
        if (id.equals("getArtifact")) {
            answer(operation, "200").setContent(ApiDescription.content("*/*", string().format("binary")));
        }
        if (id.equals("streamCommandEvents")) {
            answer(operation, "200").setContent(ApiDescription.content(EventStream.MEDIA_TYPE, string()));
        }
        if (id.equals("listCommands")) {
            operation.getParameters().stream()
                    .filter(parameter -> parameter.getName().equals("limit"))
                    .forEach(parameter -> parameter.setSchema(rows(CommandQuery.LARGEST_PAGE)));
        }
        if (id.equals("sendCommand")) {
            operation
                    .getRequestBody()
                    .getContent()
                    .getMediaType("application/json")
                    .setSchema(ref("Command"));
            operation
                    .getRequestBody()
                    .getContent()
                    .getMediaType(CommandResource.CLOUD_EVENT)
                    .setSchema(ref("CloudEvent"));
        }
    }

    private static APIResponse answer(Operation operation, String status) {
        APIResponse response = operation.getResponses().getAPIResponse(status);
        if (response == null) {
            response = OASFactory.createAPIResponse().description("OK");
            operation.getResponses().addAPIResponse(status, response);
        }
        return response;
    }

    /** The schema of a parameter; null: the one that it has. */
    static @Nullable Schema ofParameter(String name) {
        return switch (name) {
            case "account_id", "project_id", "environment_id", "job_id", "run_id", "job_definition_id", "id__gt" ->
                id();
            case "partition" -> integer("int32");
            case "offset" -> id();
            case "limit" -> rows(Listing.LARGEST_PAGE);
            case "step" -> integer("int32").minimum(BigDecimal.ONE);
            case "key" -> string().minLength(1).maxLength(1_000);
            default -> string();
        };
    }

    private static Schema rows(int most) {
        return integer("int32")
                .minimum(BigDecimal.ONE)
                .maximum(BigDecimal.valueOf(most))
                .defaultValue(most);
    }

    /** The description of a parameter of this name. */
    static @Nullable String describe(String name) {
        return OF_PARAMETERS.get(name);
    }

    static Schema ref(String name) {
        return OASFactory.createSchema().ref("#/components/schemas/" + name);
    }

    /** A record as it stands in JSON. */
    private static Schema of(Class<? extends Record> type) {
        SnakeCaseStrategy names = new SnakeCaseStrategy();
        Schema schema = object();
        List<String> required = new ArrayList<>();
        for (RecordComponent component : type.getRecordComponents()) {
            String name = names.translate(component.getName());
            String path = type.getSimpleName() + "." + name;
            Schema property = path.equals("CommandState.events")
                    ? array(object().description("The data of an event, see docs/events.md"))
                    : of(component);
            boolean mayBeNull = component.getAnnotatedType().isAnnotationPresent(Nullable.class);
            schema.addProperty(name, mayBeNull && !OPTIONAL.contains(path) ? nullable(property) : property);
            if (!OPTIONAL.contains(path)) {
                required.add(name);
            }
        }
        return schema.required(required);
    }

    private static Schema of(RecordComponent component) {
        return switch (component.getType().getSimpleName()) {
            case "long", "Long" -> integer("int64");
            case "int", "Integer" -> integer("int32");
            case "boolean", "Boolean" -> OASFactory.createSchema().addType(SchemaType.BOOLEAN);
            case "Instant" -> string().format("date-time");
            case "List", "Set" -> array(ofItems(component.getGenericType().getTypeName()));
            default -> string();
        };
    }

    private static Schema ofItems(String listType) {
        for (Class<?> row : List.of(
                ConnectionResource.Refused.class,
                ConnectionResource.SuspendedJob.class,
                CommandState.class,
                CommandState.Told.class,
                DeadLetterState.class,
                InstancePage.InstanceState.class,
                InstancePage.PartitionState.class,
                InstancePage.BudgetState.class,
                ActivityPage.ActivityMinute.class)) {
            if (listType.endsWith(row.getSimpleName() + ">")) {
                return ref(row.getSimpleName());
            }
        }
        return listType.contains("Integer") ? integer("int32") : string();
    }

    /** dbt Cloud's own: {@code name:kind}; what has no kind is a text, and what has a {@code !} is always there. */
    private static Schema open(String... fields) {
        Schema schema = object().description("As dbt Cloud sends it; further fields come and go");
        List<String> required = new ArrayList<>();
        for (String field : fields) {
            String[] parts = field.split(":", -1);
            String name = parts[0].replace("!", "");
            Schema type = name.equals("id")
                    ? id()
                    : switch (parts.length > 1 ? parts[1] : "text") {
                        case "id" -> id();
                        case "int" -> integer("int32");
                        case "flag" -> OASFactory.createSchema().addType(SchemaType.BOOLEAN);
                        case "list" -> array(string());
                        default -> string();
                    };
            boolean always = name.equals("id") || parts[0].startsWith("!");
            schema.addProperty(name, always ? type : nullable(type));
            if (always) {
                required.add(name);
            }
        }
        return schema.required(required);
    }

    private static Schema command() {
        return object().description(
                        "A command; docs/commands.md has all fields, docs/schemas/command.schema.json their rules")
                .addProperty(
                        "command",
                        string().enumeration(List.of("trigger", "retry", "cancel", "follow"))
                                .description("What to do"))
                .addProperty(
                        "command_id",
                        nullable(string()).description("The idempotency key: sent twice, it is carried out once"))
                .addProperty("connection", nullable(string()).description("A configured connection; default: default"))
                .addProperty("account_id", nullable(id()))
                .addProperty("job_id", nullable(id()))
                .addProperty("run_id", nullable(id()))
                .addProperty("target_command_id", nullable(string()))
                .addProperty("cause", nullable(string()))
                .required(List.of("command"))
                .examples(List.of(
                        new TreeMap<>(
                                Map.of("command", "trigger", "command_id", "orders-2026-11-22", "job_id", 559062)),
                        new TreeMap<>(Map.of(
                                "command", "cancel",
                                "command_id", "stop-orders-2026-11-22",
                                "target_command_id", "orders-2026-11-22"))));
    }

    private static Schema cloudEvent() {
        return object().description("A CloudEvent 1.0 in structured mode with a command as data")
                .addProperty("specversion", string())
                .addProperty("id", string())
                .addProperty("source", string())
                .addProperty("type", string())
                .addProperty("data", ref("Command"))
                .required(List.of("specversion", "id", "source", "type"));
    }

    private static Schema object() {
        return OASFactory.createSchema().addType(SchemaType.OBJECT);
    }

    private static Schema array(Schema items) {
        return OASFactory.createSchema().addType(SchemaType.ARRAY).items(items);
    }

    private static Schema string() {
        return OASFactory.createSchema().addType(SchemaType.STRING);
    }

    private static Schema id() {
        return integer("int64");
    }

    private static Schema integer(String format) {
        return OASFactory.createSchema().addType(SchemaType.INTEGER).format(format);
    }

    private static Schema nullable(Schema schema) {
        return schema.addType(SchemaType.NULL);
    }
}

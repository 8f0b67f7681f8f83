package org.dbtrelay.dbtcloud.resources;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.dbtrelay.dbtcloud.redaction.Redaction;
import org.jspecify.annotations.Nullable;

/**
 * What the runs of an environment build in, and from what source: the parts of its connection and its repository that dbt Cloud shows with
 * it, and that are no secrets.
 *
 * @param connection fields of the connection that say which database it is, such as {@code type}, {@code account} and {@code host}
 * @param connectionId its id, by which dbt Cloud shows more of it; null if there is none
 * @param repository the address of the source, without a user; null if dbt Cloud does not tell
 */
public record EnvironmentSource(
        Map<String, String> connection,
        @Nullable Long connectionId,
        @Nullable String repository) {

    /** Nothing is known. */
    public static final EnvironmentSource UNKNOWN = new EnvironmentSource(Map.of(), null, null);

    private static final int LONGEST = 255;

    /** Where one of these is, the database has its name. */
    private static final List<String> ADDRESSES =
            List.of("account", "host", "hostname", "server", "region", "region_name", "path");

    /** Only these are read: others may be secrets. */
    private static final List<String> FIELDS = List.of(
            "type",
            "adapter_version",
            "account",
            "host",
            "hostname",
            "server",
            "port",
            "region",
            "region_name",
            "path");

    /** Copies the map. */
    public EnvironmentSource {
        connection = Map.copyOf(connection);
    }

    /** As the environment's row tells it. */
    static EnvironmentSource of(Environment environment) {
        JsonNode json = environment.json();
        // Its extended attributes stand above the connection's, and nobody knows which: a wrong name is worse than
        // none.
        boolean isOverridden = id(json.path("extended_attributes_id")) != null;
        return new EnvironmentSource(
                isOverridden ? Map.of() : fields(json.path("connection")),
                isOverridden ? null : id(json.path("connection_id")),
                repository(json.path("repository")));
    }

    private static @Nullable Long id(JsonNode id) {
        return id.isIntegralNumber() && id.longValue() > 0 ? id.longValue() : null;
    }

    /** A connection has its fields beside its type or, of later kinds, below it. */
    static Map<String, String> fields(JsonNode connection) {
        Map<String, String> found = new HashMap<>();
        for (JsonNode place : List.of(
                connection,
                connection.path("details"),
                connection.path("config"),
                connection.path("details").path("connection_details").path("fields"))) {
            for (String field : FIELDS) {
                @Nullable String value = text(place.path(field));
                if (value != null && !value.contains("{{")) {
                    // What a path of MotherDuck's has behind a question mark may be a token.
                    found.putIfAbsent(field, field.equals("path") ? value.replaceFirst("\\?.*", "") : value);
                }
            }
        }
        return Map.copyOf(found);
    }

    /** Whether the environment itself tells which database it is; all of BigQuery is one. */
    boolean tellsDatabase() {
        return ADDRESSES.stream().anyMatch(connection::containsKey) || "bigquery".equals(connection.get("type"));
    }

    /** A text, a number, or the {@code value} of an adapter's field. */
    private static @Nullable String text(JsonNode node) {
        JsonNode value = node.isObject() ? node.path("value") : node;
        String text = value.isTextual() || value.isIntegralNumber() ? value.asText() : "";
        return text.isBlank() || text.length() > LONGEST ? null : Redaction.withoutControl(LONGEST, text);
    }

    private static @Nullable String repository(JsonNode repository) {
        @Nullable String url = text(repository.path("remote_url"));
        // One with a user may have a password, too; and git's short form is no URL.
        return url != null && url.matches("(?:https?|git|ssh)://[^\\s@]+") ? url : null;
    }
}

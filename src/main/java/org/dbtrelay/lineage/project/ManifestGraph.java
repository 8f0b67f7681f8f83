package org.dbtrelay.lineage.project;

import com.fasterxml.jackson.core.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dbtrelay.artifact.DbtJson;
import org.dbtrelay.lineage.naming.Relation;
import org.jspecify.annotations.Nullable;

/**
 * Who was built from what: of a {@code manifest.json}, the nodes that a step has run, their parents, and the names of the tables and views
 * of both. The memory goes by the nodes of the step, not by the manifest. A pass over the file is enough where parents stand in it
 * behind their children or among the {@value #SPARE} nodes that are kept in case they are asked for; else {@link #isComplete} asks for
 * another one. A third one is only needed where ephemeral models beyond as many others of them stand in front of who uses them. The names of the fields are those of dbt's schemas of manifests, versions 4 to 20.
 */
public final class ManifestGraph {

    /** So many nodes that nobody has asked for yet are kept; about four megabytes. */
    static final int SPARE = 10_000;

    private static final int LONGEST_ID = 512;
    private static final int LONGEST_NAME = 255;

    /** BigQuery has the longest names of tables, 1,024 characters. */
    private static final int LONGEST_TABLE = 1_024;

    private static final String TOO_LONG = "";
    private static final int MOST_PARENTS = 2_000;

    /** So far the parents of a node are looked for, ephemeral ones included. */
    private static final int MOST_WALK = 10_000;

    private static final int MOST_GROUPS = 1_000;

    /** Of a group; dbt has a name and an address. */
    private static final int MOST_OWNERS = 10;

    /** So many characters the ids of parents have in all, each counted once: sixteen megabytes at the most. */
    static final int MOST_TEXT = 8_000_000;

    /** So many parents all nodes have together. */
    static final int MOST_EDGES = 1_000_000;

    /** More passes are not worth what a chain of ephemeral models beyond {@value #SPARE} others of them would tell. */
    private static final int MOST_PASSES = 10;

    /**
     * What a test tests.
     *
     * @param tested the id of the node; null if the manifest does not tell
     * @param name such as {@code not_null}; of a singular test its own name
     * @param column null if it is not about one
     */
    public record Test(
            @Nullable String tested, String name, @Nullable String column) {}

    /** A node or a source. */
    private record Known(
            @Nullable Relation relation,
            List<String> parents,
            @Nullable Test test) {}

    private final Set<String> wanted;
    private final Set<String> needed = new HashSet<>();
    private final Map<String, Known> known = new HashMap<>();
    private final Map<String, List<String>> owners = new HashMap<>();
    private final Set<String> missing = new LinkedHashSet<>();
    private final Map<String, String> ids = new HashMap<>();
    private int textLeft = MOST_TEXT;
    private int edgesLeft = MOST_EDGES;
    private int spare;
    private int ephemerals;
    private int passes;
    private @Nullable String adapter;
    private @Nullable String project;
    private @Nullable String dbtVersion;

    /** The graph of these nodes, as {@code run_results.json} names them. */
    public ManifestGraph(Set<String> wanted) {
        this.wanted = Set.copyOf(wanted);
        needed.addAll(wanted);
    }

    /**
     * One pass over the file.
     *
     * @throws IOException the transfer broke, or it is not what dbt writes: what came before is known
     */
    public void read(InputStream bytes) throws IOException {
        Set<String> before = Set.copyOf(needed);
        passes++;
        DbtJson.readObject(bytes, this::field);
        // What was needed before the pass and has not come is not in the file.
        missing.clear();
        needed.stream()
                .filter(id -> !known.containsKey(id) && !before.contains(id))
                .forEach(missing::add);
    }

    /** Whether another pass would tell nothing more. */
    public boolean isComplete() {
        return missing.isEmpty() || passes >= MOST_PASSES;
    }

    /** dbt's word for the database; null if the manifest does not tell. */
    public @Nullable String adapter() {
        return adapter;
    }

    /** The dbt project; null if the manifest does not tell. */
    public @Nullable String project() {
        return project;
    }

    /** The version of dbt; null if the manifest does not tell. */
    public @Nullable String dbtVersion() {
        return dbtVersion;
    }

    /** The table or view of a node or source; null if it has none. */
    public @Nullable Relation relation(String id) {
        @Nullable Known node = known.get(id);
        return node == null ? null : node.relation();
    }

    /**
     * The tables and views that a node was built from, by id, in the manifest's order. An ephemeral model is none: its own parents stand
     * in its place.
     */
    public Map<String, Relation> parents(String id) {
        return parents(id, MOST_PARENTS);
    }

    /** As {@link #parents(String)}, but at most so many. */
    public Map<String, Relation> parents(String id, int most) {
        Map<String, Relation> parents = new LinkedHashMap<>();
        Set<String> seen = new HashSet<>();
        Deque<String> open = new ArrayDeque<>();
        @Nullable Known node = known.get(id);
        if (node != null) {
            open.addAll(node.parents());
        }
        while (!open.isEmpty() && parents.size() < most && seen.size() < MOST_WALK) {
            String next = open.removeFirst();
            @Nullable Known parent = seen.add(next) ? known.get(next) : null;
            if (parent != null && parent.relation() != null) {
                parents.put(next, parent.relation());
            } else if (parent != null) {
                List<String> further = parent.parents();
                for (int i = further.size() - 1; i >= 0; i--) {
                    open.addFirst(further.get(i));
                }
            }
        }
        return parents;
    }

    /** What a test tests; null if the manifest does not have it. */
    public @Nullable Test test(String id) {
        @Nullable Known node = known.get(id);
        return node == null ? null : node.test();
    }

    /** Who owns a group; empty if nobody is named. */
    public List<String> ownersOf(@Nullable String group) {
        return group == null ? List.of() : owners.getOrDefault(group, List.of());
    }

    private boolean field(String name, JsonParser value) throws IOException {
        switch (name) {
            case "metadata" -> DbtJson.fields(value, this::metadata);
            case "nodes", "sources", "unit_tests" -> DbtJson.fields(value, this::node);
            case "groups" -> DbtJson.fields(value, this::group);
            default -> value.skipChildren();
        }
        return true;
    }

    private boolean metadata(String name, JsonParser value) throws IOException {
        switch (name) {
            case "adapter_type" -> adapter = Text.within(LONGEST_NAME, DbtJson.string(value));
            case "project_name" -> project = Text.within(LONGEST_NAME, DbtJson.string(value));
            case "dbt_version" -> dbtVersion = Text.within(LONGEST_NAME, DbtJson.string(value));
            default -> value.skipChildren();
        }
        return true;
    }

    private boolean node(String id, JsonParser value) throws IOException {
        boolean isNeeded = needed.contains(id);
        boolean mayBeKept = isNeeded || spare < SPARE || ephemerals < SPARE;
        if (known.containsKey(id) || id.length() > LONGEST_ID || !mayBeKept) {
            value.skipChildren();
            return true;
        }
        Reading reading = new Reading(id);
        DbtJson.fields(value, reading::field);
        Known node = bounded(reading.known(wanted.contains(id)));
        if (isNeeded) {
            known.put(id, node);
            need(id);
        } else if (spare < SPARE) {
            known.put(id, node);
            spare++;
        } else if (reading.isEphemeral()) {
            // A chain of them would take a pass for each link.
            known.put(id, node);
            ephemerals++;
        }
        return true;
    }

    /** A project in which everything is made from everything has more parents than there is memory: further ones are left out. */
    private Known bounded(Known node) {
        if (node.parents().isEmpty()) {
            return node;
        }
        List<String> parents = new ArrayList<>();
        for (String parent : node.parents()) {
            @Nullable String known = ids.get(parent);
            if (known == null && parent.length() <= textLeft) {
                known = parent;
                ids.put(parent, parent);
                textLeft -= parent.length();
            }
            if (known != null && edgesLeft > 0) {
                parents.add(known);
                edgesLeft--;
            }
        }
        return new Known(node.relation(), List.copyOf(parents), node.test());
    }

    /** The parents of a node that is needed are needed; so are those of an ephemeral one, and what a test tests. */
    private void need(String id) {
        Deque<String> open = new ArrayDeque<>(List.of(id));
        while (!open.isEmpty()) {
            @Nullable Known node = known.get(open.removeFirst());
            if (node == null) {
                continue;
            }
            List<String> further = new ArrayList<>(node.parents());
            if (node.test() != null && node.test().tested() != null) {
                further.add(node.test().tested());
            }
            for (String each : further) {
                if (needed.add(each)) {
                    open.add(each);
                }
            }
        }
    }

    private boolean group(String uniqueId, JsonParser value) throws IOException {
        String[] name = {uniqueId.substring(uniqueId.lastIndexOf('.') + 1)};
        List<String> found = new ArrayList<>();
        DbtJson.fields(value, (field, content) -> {
            switch (field) {
                case "name" -> {
                    @Nullable String text = Text.within(LONGEST_NAME, DbtJson.string(content));
                    name[0] = text == null ? name[0] : text;
                }
                case "owner" ->
                    DbtJson.fields(content, (key, text) -> {
                        if (key.equals("name") || key.equals("email")) {
                            @Nullable String owner = Text.within(LONGEST_NAME, DbtJson.string(text));
                            if (owner != null && found.size() < MOST_OWNERS) {
                                found.add(owner);
                            }
                        } else {
                            text.skipChildren();
                        }
                        return true;
                    });
                default -> content.skipChildren();
            }
            return true;
        });
        if (owners.size() < MOST_GROUPS && !found.isEmpty()) {
            owners.put(name[0], List.copyOf(found));
        }
        return true;
    }

    private static final class Reading {
        private final String id;
        private final List<String> parents = new ArrayList<>();
        private @Nullable String database;
        private @Nullable String schema;
        private @Nullable String identifier;
        private @Nullable String alias;
        private @Nullable String name;
        private @Nullable String materialized;
        private @Nullable String attached;
        private @Nullable String column;
        private @Nullable String testName;
        private @Nullable String fileKey;
        private @Nullable String deferredDatabase;
        private @Nullable String deferredSchema;
        private @Nullable String deferredTable;

        Reading(String id) {
            this.id = id;
        }

        boolean field(String field, JsonParser value) throws IOException {
            switch (field) {
                case "database" -> database = part(value);
                case "schema" -> schema = part(value);
                case "identifier" -> identifier = part(value);
                case "alias" -> alias = part(value);
                case "name" -> name = part(value);
                case "file_key_name" -> fileKey = Text.within(LONGEST_NAME, DbtJson.string(value));
                case "attached_node" -> attached = Text.within(LONGEST_ID, DbtJson.string(value));
                case "column_name" -> column = Text.within(LONGEST_NAME, DbtJson.string(value));
                case "defer_relation" -> DbtJson.fields(value, this::deferred);
                case "depends_on" -> DbtJson.fields(value, this::parents);
                case "config" -> DbtJson.fields(value, this::config);
                case "test_metadata" -> DbtJson.fields(value, this::testMetadata);
                default -> value.skipChildren();
            }
            return true;
        }

        /** A part of a table's name; {@link #TOO_LONG} for one without which the name would be another table's. */
        private static @Nullable String part(JsonParser value) throws IOException {
            @Nullable String text = DbtJson.string(value);
            return text != null && text.length() > LONGEST_TABLE ? TOO_LONG : Text.within(LONGEST_TABLE, text);
        }

        private boolean deferred(String field, JsonParser value) throws IOException {
            switch (field) {
                case "database" -> deferredDatabase = part(value);
                case "schema" -> deferredSchema = part(value);
                case "alias" -> deferredTable = part(value);
                default -> value.skipChildren();
            }
            return true;
        }

        /** The table in the environment that the run deferred to; null if it has one of its own. */
        private @Nullable Relation deferred() {
            return relation(deferredDatabase, deferredSchema, deferredTable);
        }

        private static @Nullable Relation relation(
                @Nullable String database, @Nullable String schema, @Nullable String table) {
            boolean isTooLong = TOO_LONG.equals(table) || TOO_LONG.equals(schema) || TOO_LONG.equals(database);
            return table == null || isTooLong ? null : new Relation(database, schema, table);
        }

        private boolean parents(String kind, JsonParser value) throws IOException {
            if (!kind.equals("nodes")) {
                value.skipChildren();
                return true;
            }
            DbtJson.elements(value, element -> {
                @Nullable String parent = Text.within(LONGEST_ID, DbtJson.string(element));
                if (parent != null && parents.size() < MOST_PARENTS) {
                    parents.add(parent);
                }
            });
            return true;
        }

        private boolean config(String option, JsonParser value) throws IOException {
            if (option.equals("materialized")) {
                materialized = Text.within(LONGEST_NAME, DbtJson.string(value));
            } else {
                value.skipChildren();
            }
            return true;
        }

        private boolean testMetadata(String field, JsonParser value) throws IOException {
            if (field.equals("name")) {
                testName = Text.within(LONGEST_NAME, DbtJson.string(value));
            } else {
                value.skipChildren();
            }
            return true;
        }

        boolean isEphemeral() {
            return "ephemeral".equals(materialized);
        }

        /** Parents matter of nodes that were run, and of ephemeral ones, which have no table. */
        Known known(boolean isWanted) {
            boolean isTest = id.startsWith("test.") || id.startsWith("unit_test.");
            boolean isEphemeral = isEphemeral();
            @Nullable String table = identifier != null ? identifier : alias != null ? alias : name;
            boolean hasTable = !isTest
                    && !isEphemeral
                    && (id.startsWith("model.")
                            || id.startsWith("snapshot.")
                            || id.startsWith("seed.")
                            || id.startsWith("source."));
            // A node that the step has not run was read where the run deferred to.
            @Nullable Relation deferred = isWanted || !hasTable ? null : deferred();
            @Nullable Relation own = hasTable ? relation(database, schema, table) : null;
            return new Known(
                    deferred == null ? own : deferred,
                    isWanted || isEphemeral ? List.copyOf(parents) : List.of(),
                    isTest ? test() : null);
        }

        private Test test() {
            String what = testName != null ? testName : name != null && !name.equals(TOO_LONG) ? name : id;
            return new Test(attached == null ? tested() : attached, what, column);
        }

        /** dbt names the node of a test only if it is no source; {@code file_key_name} is where the test stands. */
        private @Nullable String tested() {
            String sources = "sources.";
            if (fileKey != null && fileKey.startsWith(sources)) {
                String name = "." + fileKey.substring(sources.length()) + ".";
                List<String> ofSources = parents.stream()
                        .filter(parent -> parent.startsWith("source."))
                        .toList();
                return ofSources.stream()
                        .filter(parent -> parent.contains(name))
                        .findFirst()
                        .orElse(ofSources.isEmpty() ? null : ofSources.getFirst());
            }
            return parents.isEmpty() ? null : parents.getFirst();
        }
    }
}

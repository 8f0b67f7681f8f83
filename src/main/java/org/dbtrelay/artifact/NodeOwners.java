package org.dbtrelay.artifact;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dbtrelay.dbtcloud.redaction.Redaction;
import org.dbtrelay.run.job.NodeOwner;
import org.jspecify.annotations.Nullable;

/**
 * Finds the groups of a few nodes, and the owners of the groups, in a {@code manifest.json} that passes by. The memory is bounded,
 * whatever the manifest's size. A test without a group has that of the node that it tests ({@code attached_node}, and the first of
 * {@code depends_on.nodes} of a unit test). The names of the fields are those of dbt's schemas of manifests, versions 10 to 20.
 */
final class NodeOwners {

    /** Groups of so many other nodes are kept for the tests of those; about a megabyte. */
    static final int MOST_GROUPED = 5_000;

    private static final int MOST_GROUPS = 1_000;
    private static final int MOST_ADDRESSES = 5;
    private static final int LONGEST_NAME = 250;

    private record Owner(@Nullable String name, @Nullable String email) {
        static final Owner UNKNOWN = new Owner(null, null);
    }

    private final Set<String> wanted;
    private final Map<String, String> groups = new HashMap<>();
    private final Map<String, String> tested = new HashMap<>();
    private final Map<String, Owner> owners = new HashMap<>();

    /**
     * Looks for the owners of some nodes.
     *
     * @param wanted their ids, as they stand in events; not many
     */
    NodeOwners(Set<String> wanted) {
        this.wanted = Set.copyOf(wanted);
    }

    /** Reads a field of the manifest; the parser is left on the end of its value. */
    void field(String name, JsonParser value) throws IOException {
        switch (name) {
            case "nodes", "unit_tests" -> DbtJson.fields(value, this::node);
            case "groups" -> DbtJson.fields(value, this::group);
            default -> value.skipChildren();
        }
    }

    /** The owners of the wanted nodes, by id, as far as the manifest has told them. */
    Map<String, NodeOwner> found() {
        Map<String, NodeOwner> found = new HashMap<>();
        for (String id : wanted) {
            @Nullable String group = groups.get(id);
            if (group == null && tested.containsKey(id)) {
                group = groups.get(tested.get(id));
            }
            if (group != null) {
                Owner owner = owners.getOrDefault(group, Owner.UNKNOWN);
                found.put(id, new NodeOwner(group, owner.name(), owner.email()));
            }
        }
        return found;
    }

    private boolean node(String uniqueId, JsonParser value) throws IOException {
        String id = FailedNodes.id(uniqueId);
        boolean isWanted = wanted.contains(id);
        DbtJson.fields(value, (name, field) -> {
            switch (name) {
                case "group" -> inGroup(id, isWanted, DbtJson.string(field));
                case "config" ->
                    DbtJson.fields(field, (option, setting) -> {
                        if (option.equals("group")) {
                            inGroup(id, isWanted, DbtJson.string(setting));
                        } else {
                            setting.skipChildren();
                        }
                        return true;
                    });
                case "attached_node" -> tests(id, isWanted, DbtJson.string(field));
                case "depends_on" -> {
                    if (isWanted && id.startsWith("unit_test.")) {
                        DbtJson.fields(field, (kind, ids) -> {
                            if (kind.equals("nodes")) {
                                tests(
                                        id,
                                        true,
                                        strings(ids).stream().findFirst().orElse(null));
                            } else {
                                ids.skipChildren();
                            }
                            return true;
                        });
                    } else {
                        field.skipChildren();
                    }
                }
                default -> field.skipChildren();
            }
            return true;
        });
        return true;
    }

    private void inGroup(String id, boolean isWanted, @Nullable String group) {
        if (group != null && !group.isBlank() && (isWanted || groups.size() < MOST_GROUPED)) {
            groups.put(id, name(group));
        }
    }

    private void tests(String id, boolean isWanted, @Nullable String node) {
        if (isWanted && node != null) {
            tested.put(id, FailedNodes.id(node));
        }
    }

    private boolean group(String uniqueId, JsonParser value) throws IOException {
        String[] name = {uniqueId.substring(uniqueId.lastIndexOf('.') + 1)};
        Owner[] owner = {Owner.UNKNOWN};
        DbtJson.fields(value, (field, content) -> {
            switch (field) {
                case "name" -> {
                    @Nullable String text = DbtJson.string(content);
                    name[0] = text == null ? name[0] : text;
                }
                case "owner" -> owner[0] = owner(content);
                default -> content.skipChildren();
            }
            return true;
        });
        if (owners.size() < MOST_GROUPS) {
            owners.put(name(name[0]), owner[0]);
        }
        return true;
    }

    private static Owner owner(JsonParser value) throws IOException {
        Map<String, String> texts = new HashMap<>();
        DbtJson.fields(value, (field, content) -> {
            if (field.equals("name") || field.equals("email")) {
                String text = String.join(", ", strings(content));
                if (!text.isBlank()) {
                    texts.put(field, name(text));
                }
            } else {
                content.skipChildren();
            }
            return true;
        });
        return new Owner(texts.get("name"), texts.get("email"));
    }

    /** The first strings of an array, or the one that stands in its place; dbt takes both for an owner's email. */
    private static List<String> strings(JsonParser value) throws IOException {
        List<String> texts = new ArrayList<>();
        if (!value.isExpectedStartArrayToken()) {
            @Nullable String text = DbtJson.string(value);
            return text == null ? List.of() : List.of(text);
        }
        while (value.nextToken() != JsonToken.END_ARRAY) {
            if (value.currentToken() == null) {
                throw new IOException("an array without end");
            }
            @Nullable String text = DbtJson.string(value);
            if (text != null && texts.size() < MOST_ADDRESSES) {
                texts.add(text);
            }
        }
        return texts;
    }

    private static String name(String text) {
        return Redaction.withoutControl(LONGEST_NAME, text);
    }
}

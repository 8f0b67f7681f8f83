package org.dbtrelay.lineage.project;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dbtrelay.lineage.naming.Relation;
import org.junit.jupiter.api.Test;

class ManifestGraphTest {

    private static String node(String id, String materialized, String... parents) {
        String name = id.substring(id.lastIndexOf('.') + 1);
        return """
                "%s": {"name": "%s", "database": "d", "schema": "s", "config": {"materialized": "%s"},
                  "depends_on": {"nodes": [%s]}}""".formatted(
                        id, name, materialized, parents.length == 0 ? "" : '"' + String.join("\", \"", parents) + '"');
    }

    private static InputStream manifest(String nodes, String sources) {
        return new ByteArrayInputStream(
                "{\"metadata\": {\"adapter_type\": \"postgres\"}, \"nodes\": {%s}, \"sources\": {%s}}"
                        .formatted(nodes, sources)
                        .getBytes(StandardCharsets.UTF_8));
    }

    private static Set<String> parents(ManifestGraph graph, String id) {
        return graph.parents(id).keySet();
    }

    @Test
    void needsOnePassIfParentsStandBehindTheirChildren() throws IOException {
        ManifestGraph graph = new ManifestGraph(Set.of("model.a"));

        graph.read(manifest(
                node("model.a", "table", "model.b", "source.c") + "," + node("model.b", "view"), node("source.c", "")));

        assertThat(graph.isComplete()).isTrue();
        assertThat(parents(graph, "model.a")).containsExactly("model.b", "source.c");
        assertThat(graph.relation("source.c")).isEqualTo(new Relation("d", "s", "c"));
        assertThat(graph.adapter()).isEqualTo("postgres");
    }

    /** A parent in front of its child, behind more nodes than are kept in case. */
    @Test
    void needsAnotherPassIfAParentWasPassedOver() throws IOException {
        StringBuilder nodes = new StringBuilder();
        for (int i = 0; i < ManifestGraph.SPARE; i++) {
            nodes.append(node("model.other" + i, "view")).append(',');
        }
        nodes.append(node("model.b", "view")).append(',').append(node("model.a", "table", "model.b"));
        ManifestGraph graph = new ManifestGraph(Set.of("model.a"));

        graph.read(manifest(nodes.toString(), ""));
        assertThat(graph.isComplete()).isFalse();
        assertThat(parents(graph, "model.a")).isEmpty();

        graph.read(manifest(nodes.toString(), ""));
        assertThat(graph.isComplete()).isTrue();
        assertThat(parents(graph, "model.a")).containsExactly("model.b");
    }

    /** The worst order: each of a chain stands in front of who uses it, all of them behind more nodes than are kept in case. */
    @Test
    void needsTwoPassesHoweverLongAChainOfEphemeralModelsIs() throws IOException {
        StringBuilder nodes = new StringBuilder();
        for (int i = 0; i < ManifestGraph.SPARE; i++) {
            nodes.append(node("model.other" + i, "view")).append(',');
        }
        nodes.append(node("model.t", "table"));
        int links = 30;
        for (int i = links; i > 0; i--) {
            nodes.append(',').append(node("model.e" + i, "ephemeral", i == links ? "model.t" : "model.e" + (i + 1)));
        }
        nodes.append(',').append(node("model.a", "table", "model.e1"));
        ManifestGraph graph = new ManifestGraph(Set.of("model.a"));

        graph.read(manifest(nodes.toString(), ""));
        assertThat(graph.isComplete()).isFalse();
        graph.read(manifest(nodes.toString(), ""));

        assertThat(graph.isComplete()).isTrue();
        assertThat(parents(graph, "model.a")).containsExactly("model.t");
    }

    /** Beyond that, a pass finds a link of the chain, and ten passes are all: then the chain's end is no input. */
    @Test
    void endsWithTenPasses() throws IOException {
        StringBuilder nodes = new StringBuilder();
        for (int i = 0; i < 2 * ManifestGraph.SPARE; i++) {
            nodes.append(node("model.other" + i, "ephemeral")).append(',');
        }
        nodes.append(node("model.t", "table"));
        int links = 12;
        for (int i = links; i > 0; i--) {
            nodes.append(',').append(node("model.e" + i, "ephemeral", i == links ? "model.t" : "model.e" + (i + 1)));
        }
        nodes.append(',')
                .append(node("model.b", "table"))
                .append(',')
                .append(node("model.a", "table", "model.b", "model.e1"));
        ManifestGraph graph = new ManifestGraph(Set.of("model.a"));

        int passes = 0;
        do {
            graph.read(manifest(nodes.toString(), ""));
            passes++;
        } while (!graph.isComplete());

        assertThat(passes).isEqualTo(10);
        assertThat(parents(graph, "model.a")).containsExactly("model.b");
    }

    /** A run of a pull request builds some models, and reads the others where it defers to. */
    @Test
    void namesTheTableThatARunDefersTo() throws IOException {
        String deferred =
                "\"defer_relation\": {\"database\": \"PROD\", \"schema\": \"marts\", \"alias\": \"base\"}, \"name\"";
        ManifestGraph graph = new ManifestGraph(Set.of("model.a", "model.c"));

        graph.read(manifest(
                String.join(
                        ",",
                        node("model.a", "table", "model.b", "model.c"),
                        node("model.b", "table").replace("\"name\"", deferred),
                        node("model.c", "table").replace("\"name\"", deferred)),
                ""));

        assertThat(graph.parents("model.a"))
                .containsExactly(
                        Map.entry("model.b", new Relation("PROD", "marts", "base")),
                        Map.entry("model.c", new Relation("d", "s", "c")));
    }

    /** Everything from everything: then some parents are left out, and the memory has room for the rest. */
    @Test
    void leavesParentsOutOfWhichThereAreTooMany() throws IOException {
        int nodes = 1_000;
        int each = 2_000;
        assertThat(nodes * each).isGreaterThan(ManifestGraph.MOST_EDGES);
        String[] parents = new String[each];
        StringBuilder sources = new StringBuilder();
        for (int i = 0; i < each; i++) {
            parents[i] = "source.p.raw.t" + i;
            sources.append(i == 0 ? "" : ",").append(node(parents[i], ""));
        }
        StringBuilder models = new StringBuilder();
        Set<String> wanted = new HashSet<>();
        for (int i = 0; i < nodes; i++) {
            wanted.add("model.m" + i);
            models.append(i == 0 ? "" : ",").append(node("model.m" + i, "table", parents));
        }
        ManifestGraph graph = new ManifestGraph(wanted);

        graph.read(manifest(models.toString(), sources.toString()));

        int kept = wanted.stream().mapToInt(id -> graph.parents(id).size()).sum();
        assertThat(kept).isEqualTo(ManifestGraph.MOST_EDGES);
        assertThat(graph.parents("model.m0", 7)).hasSize(7);
    }

    @Test
    void leavesATableOutWhoseNameIsTooLong() throws IOException {
        ManifestGraph graph = new ManifestGraph(Set.of("model.a"));
        String long1024 = "t".repeat(1_024);
        String tooLong = "t".repeat(1_025);

        graph.read(
                manifest(node("model.a", "table", "source.long", "source.longer"), """
                "source.long": {"name": "orders", "identifier": "%s", "database": "d", "schema": "s"},
                "source.longer": {"name": "orders", "identifier": "%s", "database": "d", "schema": "s"}""".formatted(long1024, tooLong)));

        assertThat(graph.parents("model.a"))
                .containsExactly(Map.entry("source.long", new Relation("d", "s", long1024)));
    }

    /** dbt names the tested node of models only. */
    @Test
    void knowsWhichSourceATestTests() throws IOException {
        ManifestGraph graph = new ManifestGraph(Set.of("test.one", "test.two", "test.three"));

        graph.read(manifest("""
                "test.one": {"name": "relationships", "attached_node": null, "file_key_name": "sources.raw",
                  "depends_on": {"nodes": ["model.a", "source.p.other.x", "source.p.raw.orders"]}},
                "test.two": {"name": "unique", "file_key_name": "sources.raw", "depends_on": {"nodes": ["source.p.other.x"]}},
                "test.three": {"name": "relationships", "file_key_name": "models.a", "depends_on": {"nodes": ["model.a", "model.b"]}}""", ""));

        assertThat(graph.test("test.one").tested()).isEqualTo("source.p.raw.orders");
        assertThat(graph.test("test.two").tested()).isEqualTo("source.p.other.x");
        assertThat(graph.test("test.three").tested()).isEqualTo("model.a");
    }

    @Test
    void putsTheParentsOfAnEphemeralModelInItsPlace() throws IOException {
        ManifestGraph graph = new ManifestGraph(Set.of("model.a"));

        graph.read(manifest(
                String.join(
                        ",",
                        node("model.deep", "ephemeral", "source.x", "model.e"),
                        node("model.e", "ephemeral", "model.deep", "model.t"),
                        node("model.a", "table", "model.t", "model.e"),
                        node("model.t", "table")),
                node("source.x", "")));

        assertThat(parents(graph, "model.a")).containsExactly("model.t", "source.x");
        assertThat(graph.relation("model.e")).isNull();
    }

    /** dbt writes none, but nobody vouches for the file. */
    @Test
    void survivesACircle() throws IOException {
        ManifestGraph graph = new ManifestGraph(Set.of("model.a"));

        graph.read(manifest(
                String.join(
                        ",",
                        node("model.a", "table", "model.e"),
                        node("model.e", "ephemeral", "model.f"),
                        node("model.f", "ephemeral", "model.e", "model.a")),
                ""));

        assertThat(parents(graph, "model.a")).containsExactly("model.a");
        assertThat(graph.isComplete()).isTrue();
    }

    @Test
    void doesNotAskForeverForAParentThatIsNotThere() throws IOException {
        ManifestGraph graph = new ManifestGraph(Set.of("model.a", "model.gone"));
        String nodes = node("model.a", "table", "model.missing");

        graph.read(manifest(nodes, ""));
        assertThat(graph.isComplete()).isFalse();
        graph.read(manifest(nodes, ""));

        assertThat(graph.isComplete()).isTrue();
        assertThat(parents(graph, "model.a")).isEmpty();
        assertThat(parents(graph, "model.gone")).isEmpty();
    }

    @Test
    void knowsWhatATestTests() throws IOException {
        ManifestGraph graph = new ManifestGraph(Set.of("test.one", "test.two"));

        graph.read(manifest("""
                "test.one": {"name": "not_null_a_id", "attached_node": "model.a", "column_name": "id", "config": {"severity": "ERROR"},
                  "test_metadata": {"name": "not_null"}, "depends_on": {"nodes": ["model.b", "model.a"]}},
                "test.two": {"name": "singular", "depends_on": {"nodes": ["model.b"]}, "config": {}},
                %s, %s""".formatted(node("model.a", "table"), node("model.b", "table")), ""));

        assertThat(graph.test("test.one")).isEqualTo(new ManifestGraph.Test("model.a", "not_null", "id"));
        assertThat(graph.test("test.two")).isEqualTo(new ManifestGraph.Test("model.b", "singular", null));
        assertThat(graph.test("model.a")).isNull();
    }

    @Test
    void knowsOwnersOfGroups() throws IOException {
        ManifestGraph graph = new ManifestGraph(Set.of());

        graph.read(new ByteArrayInputStream(
                "{\"groups\": {\"group.shop.finance\": {\"name\": \"finance\", \"owner\": {\"email\": \"f@example.com\", \"slack\": \"#f\"}}}}"
                        .getBytes(StandardCharsets.UTF_8)));

        assertThat(graph.ownersOf("finance")).isEqualTo(List.of("f@example.com"));
        assertThat(graph.ownersOf("other")).isEmpty();
        assertThat(graph.ownersOf(null)).isEmpty();
    }

    /** A name in an object can come again and again. */
    @Test
    void keepsFewOwnersOfAGroup() throws IOException {
        ManifestGraph graph = new ManifestGraph(Set.of());

        graph.read(new ByteArrayInputStream(("{\"groups\": {\"group.shop.finance\": {\"owner\": {"
                        + "\"email\": \"f@example.com\", ".repeat(1_000) + "\"name\": \"Finance\"}}}}")
                .getBytes(StandardCharsets.UTF_8)));

        assertThat(graph.ownersOf("finance")).hasSizeBetween(1, 10);
    }

    @Test
    void throwsAtWhatIsNoManifest() {
        assertThatThrownBy(() -> new ManifestGraph(Set.of()).read(InputStream.nullInputStream()))
                .isInstanceOf(IOException.class);
    }
}

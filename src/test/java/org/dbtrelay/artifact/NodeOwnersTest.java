package org.dbtrelay.artifact;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.dbtrelay.run.job.ArtifactContent;
import org.dbtrelay.run.job.NodeOwner;
import org.junit.jupiter.api.Test;

/** The owners of a few nodes, from manifests of all shapes and sizes. */
class NodeOwnersTest {

    private static final NodeOwner FINANCE = new NodeOwner("finance", "Finance data", "finance@example.com");

    private static Map<String, NodeOwner> owners(String manifest, String... nodes) {
        return ArtifactFacts.of("manifest.json", bytes(manifest), Set.of(nodes)).owners();
    }

    private static InputStream bytes(String text) {
        return new ByteArrayInputStream(text.getBytes(UTF_8));
    }

    @Test
    void theGroupOfANodeAndTheGroupsOwner() {
        assertThat(owners("""
                        {"metadata": {"dbt_schema_version": "v12"}, "nodes": {
                          "model.shop.orders": {"group": "finance", "raw_code": "select 1", "columns": {"group": {"name": "x"}}},
                          "model.shop.items": {"group": null, "config": {"group": "sales", "tags": ["a"]}},
                          "model.shop.alone": {"group": null, "config": {}},
                          "model.shop.other": {"group": "finance"}},
                         "groups": {
                          "group.shop.finance": {"name": "finance",
                            "owner": {"slack": "#f", "name": "Finance data", "email": "finance@example.com"}},
                          "group.shop.sales": {"name": "sales", "owner": {"email": ["a@b.c", "d@e.f"]}}}}
                        """, "model.shop.orders", "model.shop.items", "model.shop.alone", "model.shop.unheard"))
                .isEqualTo(Map.of(
                        "model.shop.orders",
                        FINANCE,
                        "model.shop.items",
                        new NodeOwner("sales", null, "a@b.c, d@e.f")));
    }

    /** Whichever of them the manifest has first. */
    @Test
    void aTestIsOwnedByThoseOfTheNodeThatItTests() {
        String groups = "\"groups\": {\"group.shop.finance\": {\"name\": \"finance\","
                + " \"owner\": {\"name\": \"Finance data\", \"email\": \"finance@example.com\"}}}";
        String model = "\"model.shop.orders\": {\"group\": \"finance\"}";
        String tests = "\"test.shop.unique\": {\"group\": null, \"attached_node\": \"model.shop.orders\"},"
                + " \"test.shop.own\": {\"group\": \"sales\", \"attached_node\": \"model.shop.orders\"},"
                + " \"test.shop.loose\": {\"attached_node\": null}";
        String unit = "\"unit_tests\": {\"unit_test.shop.orders.sums\": {\"depends_on\":"
                + " {\"macros\": [], \"nodes\": [\"model.shop.orders\", \"model.shop.items\"]}}}";
        Map<String, NodeOwner> expected = Map.of(
                "test.shop.unique",
                FINANCE,
                "test.shop.own",
                new NodeOwner("sales", null, null),
                "unit_test.shop.orders.sums",
                FINANCE);
        String[] wanted = {"test.shop.unique", "test.shop.own", "test.shop.loose", "unit_test.shop.orders.sums"};
        assertThat(owners("{\"nodes\": {" + model + "," + tests + "}," + groups + "," + unit + "}", wanted))
                .isEqualTo(expected);
        assertThat(owners("{" + unit + "," + groups + ",\"nodes\": {" + tests + "," + model + "}}", wanted))
                .isEqualTo(expected);
    }

    @Test
    void aManifestThatMakesNoSenseTellsNothingMore() {
        assertThat(owners("{\"nodes\": [1, {\"a\": []}], \"groups\": 7}", "model.a"))
                .isEmpty();
        assertThat(owners("{\"nodes\": {\"model.a\": 3, \"model.b\": {\"group\": {\"x\": 1}}}}", "model.a", "model.b"))
                .isEmpty();
        assertThat(owners("{\"nodes\": {\"model.a\": {\"group\": \"finance\"}, \"model.b", "model.a", "model.b"))
                .as("one that breaks off")
                .isEqualTo(Map.of("model.a", new NodeOwner("finance", null, null)));
        assertThat(owners(
                        "{\"nodes\": {\"model.a\": {\"group\": \"g\"}}, \"groups\": {\"group.b.g\": {\"owner\": 5}}}",
                        "model.a"))
                .isEqualTo(Map.of("model.a", new NodeOwner("g", null, null)));
    }

    /** Only the metadata is read if nobody asks for owners. */
    @Test
    void withoutNodesTheManifestIsNotReadToItsEnd() {
        InputStream noFurther = new SequenceInputStream(
                bytes("{\"metadata\": {\"invocation_id\": \"i\"}, \"nodes\": {"), InputStream.nullInputStream());
        ArtifactContent content = ArtifactFacts.of("manifest.json", noFurther);
        assertThat(content.invocationId()).isEqualTo("i");
        assertThat(content.owners()).isEmpty();
    }

    /** More nodes in groups than are kept: one that is asked for counts all the same. */
    @Test
    void aNodeThatIsAskedForCountsHoweverManyOthersThereAre() {
        Stream<InputStream> nodes = IntStream.range(0, 100_000)
                .mapToObj(i -> bytes(
                        "\"model.shop.m" + i + "\": {\"group\": \"finance\", \"raw_code\": \"select " + i + "\"},"));
        InputStream manifest = new SequenceInputStream(Collections.enumeration(Stream.concat(
                        Stream.of(bytes("{\"nodes\": {")),
                        Stream.concat(
                                nodes,
                                Stream.of(bytes("\"model.shop.last\": {\"group\": \"finance\"}},"
                                        + "\"groups\": {\"group.shop.finance\": {\"owner\": {\"name\": \"Finance data\","
                                        + " \"email\": \"finance@example.com\"}}}}"))))
                .toList()));
        assertThat(ArtifactFacts.of("manifest.json", manifest, Set.of("model.shop.last"))
                        .owners())
                .isEqualTo(Map.of("model.shop.last", FINANCE));
    }
}

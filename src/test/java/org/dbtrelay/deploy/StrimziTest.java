package org.dbtrelay.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.deploy.Manifests.elements;
import static org.dbtrelay.deploy.Manifests.texts;

import com.fasterxml.jackson.databind.JsonNode;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dbtrelay.config.Policies;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.docs.Document;
import org.dbtrelay.ledger.kafka.NeededTopics;
import org.junit.jupiter.api.Test;

/** The resources for Strimzi: the topics that the code creates and checks, as the documents have them, and the least rights. */
class StrimziTest {

    private static final RelayConfig CONFIG = new SmallRyeConfigBuilder()
            .addDiscoveredConverters()
            .withMapping(RelayConfig.class)
            .build()
            .getConfigMapping(RelayConfig.class);
    private static final RelayConfig.Topics TOPICS = CONFIG.topics();
    private static final Set<String> NAMES = Set.of(
            TOPICS.commands(),
            TOPICS.ledger(),
            TOPICS.runEvents(),
            TOPICS.artifactEvents(),
            TOPICS.deadLetters(),
            TOPICS.hints(),
            TOPICS.control(),
            "dbt.lineage.events");
    private static final Pattern OPERATION = Pattern.compile("\\b(Read|Write|DescribeConfigs)\\b");
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");

    private final List<JsonNode> topics =
            Manifests.at("deploy/strimzi/topics.yaml").all();
    private final JsonNode user = Manifests.at("deploy/strimzi/user.yaml").all().getFirst();

    /** A topic's place and settings, however they were written down. */
    record Topic(int partitions, int replicas, Map<String, String> settings) {}

    /** A right of a user. */
    record Right(String type, String name, String patternType, Set<String> operations) {}

    @Test
    void topicsAreThoseOfTheCode() {
        Map<String, Topic> found = found();

        assertThat(found.keySet()).isEqualTo(NAMES);
        assertThat(found).allSatisfy((name, topic) -> {
            assertThat(topic.settings()).containsAllEntriesOf(NeededTopics.settings(TOPICS, name));
            assertThat(topic.settings().getOrDefault("cleanup.policy", "delete"))
                    .isEqualTo(Set.of(TOPICS.ledger(), TOPICS.control()).contains(name) ? "compact" : "delete");
            assertThat(topic.partitions())
                    .isEqualTo(Set.of(TOPICS.hints(), TOPICS.control()).contains(name) ? 1 : TOPICS.partitions());
        });
        assertThat(found.get(TOPICS.ledger()).partitions())
                .isEqualTo(found.get(TOPICS.commands()).partitions());
    }

    @Test
    void topicsAreThoseOfTheDocuments() {
        Map<String, Topic> documented = new TreeMap<>();
        for (String command : String.join(
                        "\n", Document.at("docs/operations.md").examples("sh"))
                .replace("\\\n", " ")
                .lines()
                .filter(line -> line.startsWith("create dbt.") || line.startsWith("kafka-topics.sh"))
                .toList()) {
            List<String> words = Arrays.stream(command.trim().split("\\s+", -1)).toList();
            Map<String, String> settings = new TreeMap<>();
            for (int i = 0; i < words.size(); i++) {
                if (words.get(i).equals("--config")) {
                    String[] setting = words.get(i + 1).split("=", 2);
                    settings.put(setting[0], setting[1]);
                }
            }
            boolean whole = words.getFirst().equals("kafka-topics.sh");
            documented.put(
                    whole ? after(words, "--topic") : words.get(1),
                    new Topic(
                            whole ? Integer.parseInt(after(words, "--partitions")) : 6,
                            whole ? Integer.parseInt(after(words, "--replication-factor")) : 3,
                            settings));
        }
        assertThat(Manifests.text("docs/operations.md")).contains("--partitions 6 --replication-factor 3");

        assertThat(found()).isEqualTo(documented);
    }

    @Test
    void userHasTheRightsOfTheDocumentsAndNoOthers() {
        Set<Right> documented = documentedRights().collect(Collectors.toSet());

        assertThat(documented).hasSize(NAMES.size() + 3);
        assertThat(rights(user)).isEqualTo(documented);
    }

    @Test
    void userHasTheRightsThatTheCodeLooksFor() {
        Set<Right> rights = rights(user);

        for (String name : NAMES) {
            Set<String> needed = NeededTopics.operations(TOPICS, name).stream()
                    .map(operation -> operation.name().toLowerCase(Locale.ROOT).replace("_", ""))
                    .collect(Collectors.toSet());
            assertThat(rights)
                    .filteredOn(right ->
                            right.type().equals("topic") && right.name().equals(name))
                    .singleElement()
                    .satisfies(right -> assertThat(
                                    right.operations().stream().map(operation -> operation.toLowerCase(Locale.ROOT)))
                            .containsAll(needed));
        }
        assertThat(rights)
                .contains(
                        new Right("transactionalId", TOPICS.ledger() + "-", "prefix", Set.of("Write")),
                        new Right("group", Policies.consumerGroup(CONFIG), "literal", Set.of("Read")),
                        new Right("group", Policies.consumerGroup(CONFIG) + "-lineage", "literal", Set.of("Read")));
    }

    /** A user who may write to the ledger, or take its transactional ids, can make the relay forget. */
    @Test
    void producerCannotTouchTheLedger() {
        Set<Right> rights =
                rights(Manifests.at("deploy/strimzi/producer.yaml").all().getFirst());

        assertThat(rights)
                .contains(new Right("topic", TOPICS.commands(), "literal", Set.of("Write")))
                .noneMatch(right -> right.name().startsWith(TOPICS.ledger())
                        || right.type().equals("transactionalId")
                        || right.name().equals("*")
                        || right.operations().contains("All"));
    }

    @Test
    void allAreOfOneCluster() {
        assertThat(Stream.of("topics", "user", "producer")
                        .flatMap(file -> Manifests.at("deploy/strimzi/" + file + ".yaml").all().stream())
                        .map(resource -> resource.path("metadata")
                                .path("labels")
                                .path("strimzi.io/cluster")
                                .asText())
                        .distinct())
                .containsExactly("events");
    }

    private Map<String, Topic> found() {
        return topics.stream()
                .collect(Collectors.toMap(
                        topic -> topic.path("metadata").path("name").asText(),
                        topic -> new Topic(
                                topic.path("spec").path("partitions").asInt(),
                                topic.path("spec").path("replicas").asInt(),
                                topic.path("spec").path("config").properties().stream()
                                        .collect(Collectors.toMap(
                                                Map.Entry::getKey,
                                                setting -> setting.getValue().asText()))),
                        (first, second) -> {
                            throw new AssertionError("twice: " + first);
                        },
                        TreeMap::new));
    }

    private static Set<Right> rights(JsonNode user) {
        return elements(user.path("spec").path("authorization").path("acls"))
                .map(acl -> new Right(
                        acl.path("resource").path("type").asText(),
                        acl.path("resource").path("name").asText(),
                        acl.path("resource").path("patternType").asText(),
                        new TreeSet<>(texts(acl.path("operations")))))
                .collect(Collectors.toSet());
    }

    /** The table of {@code docs/operations.md}. What is created by the relay itself is Strimzi's here. */
    private static Stream<Right> documentedRights() {
        List<String> lines = Manifests.text("docs/operations.md")
                .lines()
                .dropWhile(line -> !line.equals("## Access rights"))
                .skip(1)
                .takeWhile(line -> !line.startsWith("## "))
                .filter(line -> line.startsWith("| topic") || line.startsWith("| trans") || line.startsWith("| cons"))
                .toList();
        return lines.stream().flatMap(line -> {
            String[] cells = line.split("\\|", -1);
            Set<String> operations = OPERATION
                    .matcher(cells[2])
                    .results()
                    .map(MatchResult::group)
                    .collect(Collectors.toSet());
            Stream<String> names = CODE.matcher(cells[1]).results().map(found -> found.group(1));
            if (line.startsWith("| topic")) {
                return names.map(name -> new Right("topic", name, "literal", operations));
            }
            return line.startsWith("| trans")
                    ? names.limit(1).map(name -> new Right("transactionalId", name, "prefix", operations))
                    : names.skip(1).map(name -> new Right("group", name, "literal", operations));
        });
    }

    private static String after(List<String> words, String word) {
        return words.get(words.indexOf(word) + 1);
    }
}

package org.dbtrelay.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.deploy.Manifests.elements;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dbtrelay.docs.Document;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.run.event.EventType;
import org.junit.jupiter.api.Test;

/**
 * Alerts and dashboard speak of metrics that there are, those of {@code docs/metrics.md}, which tests hold against the code; and
 * for each alert {@code docs/operations.md} says what to do.
 */
class MonitoringTest {

    private static final Pattern NAME = Pattern.compile("(?<![\\w:$])([a-z_][a-z0-9_]*)(?!\\w*\\s*\\()");
    private static final Pattern WORD = Pattern.compile("by|on|and|or|unless|offset|without|ignoring");
    private static final Pattern EVENT_TYPE = Pattern.compile("relay_events_total\\{[^}]*type=~?\"([^\"]+)\"");
    private static final Pattern LOSS = Pattern.compile("relay_partition_losses_total\\{[^}]*reason!?=\"([^\"]+)\"");

    private static final Pattern PHASE = Pattern.compile("relay_partitions\\{[^}]*phase=~?\"([^\"]+)\"");

    /** Prometheus' own, and the one that tells of readiness: the metrics of Kubernetes' state, kube-state-metrics. */
    private static final Set<String> FOREIGN = Set.of("up", "kube_pod_status_ready");

    private final Document operations = Document.at("docs/operations.md");
    private final List<JsonNode> alerts = elements(Manifests.at("deploy/prometheus/alerts.yaml")
                    .all()
                    .getFirst()
                    .path("groups")
                    .path(0)
                    .path("rules"))
            .toList();

    @Test
    void alertsSpeakOfMetricsThatThereAre() {
        assertThat(alerts)
                .hasSizeGreaterThan(10)
                .allSatisfy(alert -> assertThat(metrics(alert.path("expr").asText()))
                        .isNotEmpty()
                        .isSubsetOf(known()));
    }

    @Test
    void dashboardSpeaksOfMetricsThatThereAre() throws IOException {
        List<String> expressions = expressionsOfTheDashboard();

        assertThat(expressions)
                .hasSizeGreaterThan(15)
                .allSatisfy(expression ->
                        assertThat(metrics(expression)).isNotEmpty().isSubsetOf(known()));
    }

    /** Who switches lineage on sees what is told, how far it is behind, and what fails. */
    @Test
    void dashboardShowsAllOfLineage() throws IOException {
        Set<String> lineage = Document.at("docs/metrics.md").firstColumn("Meters of the relay").stream()
                .filter(meter -> meter.startsWith("relay_lineage_"))
                .collect(Collectors.toSet());
        Set<String> shown = expressionsOfTheDashboard().stream()
                .flatMap(expression -> metrics(expression).stream())
                .collect(Collectors.toSet());

        assertThat(lineage).hasSize(3);
        assertThat(shown).containsAll(lineage);
        assertThat(elements(dashboard().path("panels"))
                        .filter(panel -> panel.path("type").asText().equals("row"))
                        .map(panel -> panel.path("title").asText()))
                .contains("Lineage");
    }

    @Test
    void valuesOfTagsAreThoseOfTheCode() throws IOException {
        List<String> expressions = Stream.concat(
                        alerts.stream().map(alert -> alert.path("expr").asText()), expressionsOfTheDashboard().stream())
                .toList();

        assertThat(values(expressions, EVENT_TYPE))
                .isNotEmpty()
                .isSubsetOf(Arrays.stream(EventType.values())
                        .map(EventType::wireName)
                        .toList());
        assertThat(values(expressions, PHASE))
                .isNotEmpty()
                .allSatisfy(phase -> assertThat(Document.at("docs/metrics.md").row("relay_partitions"))
                        .contains("`" + phase + "`"));
        assertThat(values(expressions, LOSS))
                .isNotEmpty()
                .isSubsetOf(Arrays.stream(LedgerException.Kind.values())
                        .map(kind -> kind.name().toLowerCase(Locale.ROOT))
                        .toList());
    }

    @Test
    void eachAlertLeadsToASectionThatSaysWhatToDo() {
        assertThat(alerts).allSatisfy(alert -> {
            String name = alert.path("alert").asText();
            String runbook = alert.path("annotations").path("runbook").asText();
            assertThat(runbook).isEqualTo("docs/operations.md#" + name.toLowerCase(Locale.ROOT));
            assertThat(operations.anchors()).contains(name.toLowerCase(Locale.ROOT));
            assertThat(alert.path("labels").path("severity").asText()).isIn("critical", "warning", "info");
            assertThat(alert.path("annotations").path("summary").asText()).isNotEmpty();
        });
    }

    @Test
    void thereAreNoSectionsForAlertsThatAreGone() {
        Set<String> sections = Manifests.text("docs/operations.md")
                .lines()
                .filter(line -> line.matches("### Relay\\w+"))
                .map(line -> line.substring("### ".length()))
                .collect(Collectors.toSet());

        assertThat(alerts.stream().map(alert -> alert.path("alert").asText()))
                .containsExactlyInAnyOrderElementsOf(sections);
    }

    /** The table for those who write alerts of their own names the same ones. */
    @Test
    void metricsDocumentNamesTheAlerts() {
        assertThat(Document.at("docs/metrics.md").firstColumn("What to alert on"))
                .isEqualTo(alerts.stream()
                        .map(alert -> alert.path("alert").asText())
                        .collect(Collectors.toSet()));
    }

    @Test
    void panelsOfTheDashboardAreTold() throws IOException {
        List<JsonNode> panels = elements(dashboard().path("panels")).toList();

        assertThat(panels.stream().map(panel -> panel.path("id").asInt())).doesNotHaveDuplicates();
        assertThat(panels)
                .filteredOn(panel -> !panel.path("type").asText().equals("row"))
                .allSatisfy(panel -> {
                    assertThat(panel.path("description").asText()).isNotEmpty();
                    assertThat(panel.path("datasource").path("uid").asText()).isEqualTo("${datasource}");
                });
    }

    private static JsonNode dashboard() throws IOException {
        return new ObjectMapper().readTree(Manifests.text("deploy/grafana/dashboard.json"));
    }

    private static List<String> expressionsOfTheDashboard() throws IOException {
        return elements(dashboard().path("panels"))
                .flatMap(panel -> elements(panel.path("targets")))
                .map(target -> target.path("expr").asText())
                .toList();
    }

    private static Set<String> known() {
        Document document = Document.at("docs/metrics.md");
        Set<String> known = new HashSet<>(document.firstColumn("Meters of the relay"));
        document.firstColumn("Useful ones of the libraries").stream()
                .map(name -> name.replaceAll("\\{.*", ""))
                .forEach(known::add);
        known.addAll(FOREIGN);
        return known;
    }

    /** The metrics that an expression asks for: its names without matchers, ranges, groupings, functions and words. */
    private static Set<String> metrics(String expression) {
        String bare = expression
                .replaceAll("\"[^\"]*\"", "")
                .replaceAll("\\{[^}]*}", "")
                .replaceAll("\\[[^]]*]", "")
                .replaceAll("\\b(by|on|without|ignoring) *\\([^)]*\\)", " ");
        return NAME.matcher(bare)
                .results()
                .map(found -> found.group(1))
                .filter(name -> !WORD.matcher(name).matches())
                .filter(name -> !Set.of("sum", "max", "min", "topk", "absent").contains(name))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> values(List<String> expressions, Pattern pattern) {
        return expressions.stream()
                .flatMap(expression -> pattern.matcher(expression).results())
                .flatMap(found -> Stream.of(found.group(1).split("\\|", -1)))
                .collect(Collectors.toSet());
    }
}

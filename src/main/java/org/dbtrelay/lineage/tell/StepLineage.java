package org.dbtrelay.lineage.tell;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.dbtrelay.config.LineageTests;
import org.dbtrelay.lineage.event.Facets;
import org.dbtrelay.lineage.event.Facets.Assertion;
import org.dbtrelay.lineage.event.Facets.Column;
import org.dbtrelay.lineage.event.JobName;
import org.dbtrelay.lineage.event.LineageEvent;
import org.dbtrelay.lineage.event.LineageEvent.Facetted;
import org.dbtrelay.lineage.event.RunRef;
import org.dbtrelay.lineage.event.Transition;
import org.dbtrelay.lineage.naming.DatasetNames;
import org.dbtrelay.lineage.naming.Relation;
import org.dbtrelay.lineage.project.BoundedTexts;
import org.dbtrelay.lineage.project.Catalog;
import org.dbtrelay.lineage.project.ManifestGraph;
import org.dbtrelay.lineage.project.ManifestNodes;
import org.dbtrelay.lineage.project.NodeDetails;
import org.dbtrelay.lineage.project.NodeResult;
import org.dbtrelay.lineage.project.RunResults;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.job.NodeStatus.NodeClass;
import org.jspecify.annotations.Nullable;

/**
 * The events of a step and of its nodes. The artifacts pass by and are not kept: the results first, then the manifest for the graph,
 * the catalog, and the manifest again for the details of each node, which are told at once. An artifact that is missing, or makes no sense,
 * costs the facets that it has, not the events.
 */
public final class StepLineage {

    private static final RelayLog LOG = RelayLog.of(StepLineage.class);
    private static final int BUFFER = 64 * 1024;

    /** So many inputs all nodes of a step have together, and so many columns those of one event. */
    private static final int MOST_INPUTS = 200_000;

    private static final int MOST_COLUMNS = 5_000;
    private static final Duration CLOCKS_DIFFER = Duration.ofMinutes(15);

    private static final String RUN_RESULTS = "run_results.json";
    private static final String MANIFEST = "manifest.json";
    private static final String CATALOG = "catalog.json";

    private final RunLineage run;
    private final Step step;
    private final Surroundings around;
    private final Facets facets;
    private final RunRef self;

    /** The lineage of a step of this run. */
    public StepLineage(RunLineage run, Step step) {
        this.run = run;
        this.step = step;
        this.around = run.around();
        this.facets = around.facets();
        this.self = new RunRef(run.ids().ofStep(step.index()), run.names().ofStep(step.command()));
    }

    /** Reads an artifact while it comes in. */
    private interface Use<T extends @Nullable Object> {
        T of(InputStream bytes) throws IOException, InterruptedException;
    }

    /** Whatever else decides which events there are: a restart may bring another configuration. */
    private String order() {
        return switch (around.tests()) {
            case AGGREGATE -> "";
            case EACH -> "e";
            case NONE -> "n";
        };
    }

    /**
     * Tells of the step.
     *
     * @throws IOException an artifact cannot be had now, but perhaps later; then it has to be told again, from its beginning
     */
    public void tell(StepArtifacts artifacts, Telling telling) throws IOException, InterruptedException {
        Optional<RunResults> read = step.builds() ? results(artifacts) : Optional.empty();
        if (read.isEmpty()) {
            telling.on("");
            telling.tell(start(null));
            telling.tell(end(null));
            return;
        }
        RunResults results = read.get();
        if (results.left() > 0) {
            LOG.warn(
                    "A step has run more nodes than lineage tells of; the last ones are left out",
                    RelayLog.pair(LogKey.RUN_ID, run.run().runId()),
                    RelayLog.pair(LogKey.COUNT, results.left()));
        }
        Map<String, NodeResult> nodes = new LinkedHashMap<>();
        results.nodes().forEach(node -> nodes.putIfAbsent(node.uniqueId(), node));
        ManifestGraph graph = new ManifestGraph(nodes.keySet());
        boolean hasManifest = graph(artifacts, graph);
        Optional<Catalog> catalog = hasManifest ? catalog(artifacts, graph, nodes.keySet()) : Optional.empty();
        String basis = "r" + (hasManifest ? "m" : "") + (catalog.isPresent() ? "c" : "") + order();
        telling.on(basis);
        telling.tell(start(results));
        new Nodes(results, graph, catalog.orElse(Catalog.none())).tell(artifacts, telling, nodes, hasManifest, basis);
        telling.tell(end(results));
    }

    private Optional<RunResults> results(StepArtifacts artifacts) throws IOException, InterruptedException {
        Optional<RunResults> results = read(artifacts, RUN_RESULTS, step.index(), RunResults::read);
        // A step that was cut leaves no file, and dbt Cloud can have that of a step before it.
        return results.filter(
                file -> file.generatedAt() == null || !file.generatedAt().isBefore(step.begun()));
    }

    private boolean graph(StepArtifacts artifacts, ManifestGraph graph) throws IOException, InterruptedException {
        do {
            Optional<Boolean> passed = read(artifacts, MANIFEST, step.index(), bytes -> {
                graph.read(bytes);
                return true;
            });
            if (passed.isEmpty()) {
                return false;
            }
        } while (!graph.isComplete());
        return true;
    }

    private Optional<Catalog> catalog(StepArtifacts artifacts, ManifestGraph graph, Set<String> nodes)
            throws IOException, InterruptedException {
        if (step.catalogStep() == 0) {
            return Optional.empty();
        }
        Set<String> tables = new HashSet<>(nodes);
        int left = MOST_INPUTS;
        for (String id : nodes) {
            Set<String> parents = graph.parents(id, left).keySet();
            left -= parents.size();
            tables.addAll(parents);
        }
        return read(artifacts, CATALOG, step.catalogStep(), bytes -> Catalog.read(bytes, tables));
    }

    /** Empty if it is not there, or makes no sense. */
    private <T> Optional<T> read(StepArtifacts artifacts, String path, int ofStep, Use<T> use)
            throws IOException, InterruptedException {
        Optional<InputStream> opened = artifacts.open(path, ofStep);
        if (opened.isEmpty()) {
            return Optional.empty();
        }
        try (InputStream bytes = new BufferedInputStream(new BoundedTexts(opened.get()), BUFFER)) {
            return Optional.of(use.of(bytes));
        } catch (JacksonException e) {
            LOG.warn(
                    "An artifact makes no sense; lineage lacks what it would tell",
                    RelayLog.pair(LogKey.RUN_ID, run.run().runId()),
                    RelayLog.pair(LogKey.PATH, path),
                    RelayLog.pair(LogKey.REASON, e.getClass().getSimpleName()));
            return Optional.empty();
        }
    }

    private LineageEvent start(@Nullable RunResults results) {
        return described(run.event(Transition.START, step.begun(), self.runId(), self.job(), run.self()), results);
    }

    private LineageEvent end(@Nullable RunResults results) {
        Transition transition = RunLineage.transition(step.status());
        @Nullable Instant written = results == null ? null : results.generatedAt();
        Instant ended = written == null || written.isAfter(step.ended()) ? step.ended() : written;
        LineageEvent event = described(run.event(transition, ended, self.runId(), self.job(), run.self()), results);
        @Nullable String error = run.run().error();
        if (transition == Transition.FAIL && error != null) {
            event.run("errorMessage", facets.errorMessage(error));
        }
        return event;
    }

    private LineageEvent described(LineageEvent event, @Nullable RunResults results) {
        ObjectNode dbtRun = run.dbtRun().put("step", step.index()).put("command", step.command());
        if (results != null && results.invocationId() != null) {
            dbtRun.put("invocation_id", results.invocationId());
        }
        event.run("dbt_run", dbtRun);
        run.processingEngine(
                event,
                results != null && results.dbtVersion() != null
                        ? results.dbtVersion()
                        : run.run().dbtVersion());
        event.job("jobType", facets.jobType("COMMAND"));
        run.source(event, null);
        return event;
    }

    /** The events of the nodes of the step. */
    private final class Nodes {
        private final RunResults results;
        private final ManifestGraph graph;
        private final Catalog catalog;
        private final DatasetNames datasets;
        private int inputsLeft = MOST_INPUTS;

        Nodes(RunResults results, ManifestGraph graph, Catalog catalog) {
            this.results = results;
            this.graph = graph;
            this.catalog = catalog;
            @Nullable Long environment = run.run().environmentId();
            this.datasets = DatasetNames.of(
                    graph.adapter(),
                    around.datasetNamespace(),
                    around.connection(),
                    "environment-" + (environment == null ? "unknown" : environment) + "." + around.host());
        }

        void tell(
                StepArtifacts artifacts,
                Telling telling,
                Map<String, NodeResult> nodes,
                boolean hasManifest,
                String basis)
                throws IOException, InterruptedException {
            Map<String, NodeResult> left = new LinkedHashMap<>();
            Map<String, List<NodeResult>> tests = new LinkedHashMap<>();
            nodes.forEach((id, node) -> {
                ManifestGraph.@Nullable Test test = graph.test(id);
                if (node.isBuilt()) {
                    left.put(id, node);
                } else if (around.tests() == LineageTests.AGGREGATE && test != null && test.tested() != null) {
                    tests.computeIfAbsent(test.tested(), _ -> new ArrayList<>()).add(node);
                } else if (around.tests() != LineageTests.NONE) {
                    left.put(id, node);
                }
            });
            if (hasManifest && !left.isEmpty()) {
                Optional<Boolean> passed = read(artifacts, MANIFEST, step.index(), bytes -> {
                    ManifestNodes.read(bytes, left.keySet(), (id, details) -> {
                        node(telling, Objects.requireNonNull(left.remove(id)), details);
                    });
                    return true;
                });
                if (passed.isEmpty()) {
                    telling.on(basis + "!");
                }
            }
            for (NodeResult node : left.values()) {
                node(telling, node, NodeDetails.NONE);
            }
            for (Map.Entry<String, List<NodeResult>> tested : tests.entrySet()) {
                tests(telling, tested.getKey(), tested.getValue());
            }
        }

        private void node(Telling telling, NodeResult node, NodeDetails details) throws InterruptedException {
            UUID id = run.ids().ofNode(step.index(), node.uniqueId());
            JobName job = run.names().ofNode(node.uniqueId());
            Instant begun = begun(node);
            LineageEvent start =
                    run.event(Transition.START, begun, id, job, self).job("jobType", facets.jobType(kind(node)));
            run.processingEngine(start, engineVersion());
            Map<String, Relation> parents = node.isTest() ? Map.of() : parents(node);
            Stream<Relation> read = node.isTest() ? Stream.ofNullable(tested(node)) : parents.values().stream();
            named(start, read, node.isTest() ? null : graph.relation(node.uniqueId()));
            telling.tell(start);
            @Nullable Instant completed = plausible(node.completedAt());
            Instant ended = latest(begun, completed == null ? end() : completed);
            Transition transition = transition(node.nodeClass());
            LineageEvent event = run.event(transition, ended, id, job, self);
            describe(event, node, details);
            if (node.isTest()) {
                tested(event, node);
            } else {
                built(event, node, details, parents);
            }
            telling.tell(event);
        }

        private Map<String, Relation> parents(NodeResult node) {
            Map<String, Relation> parents = graph.parents(node.uniqueId(), inputsLeft);
            inputsLeft -= parents.size();
            return parents;
        }

        /**
         * A start names what is read and written, without facets: to Marquez a job has no other edges than those of the last run, and a run
         * that fails or is skipped names no output at its end.
         */
        private void named(LineageEvent start, Stream<Relation> inputs, @Nullable Relation output) {
            inputs.forEach(input -> start.input(datasets.of(input)));
            if (output != null) {
                start.output(datasets.of(output));
            }
        }

        private void describe(LineageEvent event, NodeResult node, NodeDetails details) {
            event.run("dbt_run", dbtRun());
            event.run("dbt_node", dbtNode(node, details));
            error(event, node.nodeClass(), node.message());
            if (node.queryId() != null) {
                event.run("externalQuery", facets.externalQuery(node.queryId(), datasets.namespace()));
            }
            run.processingEngine(event, engineVersion());
            event.job("jobType", facets.jobType(kind(node)));
            if (details.sql() != null) {
                event.job("sql", facets.sql(details.sql(), graph.adapter()));
            }
            if (details.description() != null) {
                event.job("documentation", facets.jobDocumentation(details.description()));
            }
            List<String> owners = graph.ownersOf(details.group());
            if (!owners.isEmpty()) {
                event.job("ownership", facets.jobOwnership(owners));
            }
            run.source(event, details.path());
        }

        private void built(LineageEvent event, NodeResult node, NodeDetails details, Map<String, Relation> parents) {
            int columnsLeft = MOST_COLUMNS;
            for (Map.Entry<String, Relation> parent : parents.entrySet()) {
                Facetted input = event.input(datasets.of(parent.getValue()))
                        .facet("dataSource", facets.dataSource(datasets.namespace()));
                // Of others, what writes them tells it.
                List<Column> columns = parent.getKey().startsWith("source.") && columnsLeft > 0
                        ? catalog.columns(parent.getKey())
                        : List.of();
                if (!columns.isEmpty() && columns.size() <= columnsLeft) {
                    columnsLeft -= columns.size();
                    input.facet("schema", facets.schema(columns));
                }
            }
            @Nullable Relation relation = graph.relation(node.uniqueId());
            if (relation == null || transition(node.nodeClass()) != Transition.COMPLETE) {
                // What has failed, or was skipped, has made no table.
                return;
            }
            Facetted output =
                    event.output(datasets.of(relation)).facet("dataSource", facets.dataSource(datasets.namespace()));
            List<Column> ofCatalog = catalog.columns(node.uniqueId());
            List<Column> columns = ofCatalog.isEmpty() ? details.columns() : documented(ofCatalog, details.columns());
            if (!columns.isEmpty()) {
                output.facet("schema", facets.schema(columns));
            }
            if (details.description() != null) {
                output.facet("documentation", facets.documentation(details.description()));
            }
            List<String> owners = graph.ownersOf(details.group());
            if (!owners.isEmpty()) {
                output.facet("ownership", facets.ownership(owners));
            }
            if (details.version() != null) {
                output.facet("version", facets.version(details.version()));
            }
            boolean wasWritten = node.nodeClass() == NodeClass.BUILT || node.nodeClass() == NodeClass.WARNED;
            // What was written is all that is in it only of what is made anew each time.
            boolean isWhole = node.uniqueId().startsWith("seed.") || "table".equals(details.materialized());
            @Nullable Long rows = node.rows() == null && isWhole ? catalog.rows(node.uniqueId()) : node.rows();
            @Nullable Long bytes = catalog.bytes(node.uniqueId());
            if (wasWritten && (rows != null || bytes != null)) {
                output.ofUse("outputStatistics", facets.outputStatistics(rows, bytes));
            }
        }

        /** The database's columns, described as the project documents them where the database has no comment. */
        private List<Column> documented(List<Column> columns, List<Column> documented) {
            Map<String, Column> byName = new LinkedHashMap<>();
            documented.forEach(column -> byName.putIfAbsent(column.name().toLowerCase(Locale.ROOT), column));
            return columns.stream()
                    .map(column -> {
                        @Nullable Column other = byName.get(column.name().toLowerCase(Locale.ROOT));
                        return column.description() != null || other == null
                                ? column
                                : new Column(column.name(), column.type(), other.description());
                    })
                    .toList();
        }

        private void tested(LineageEvent event, NodeResult node) {
            ManifestGraph.@Nullable Test test = graph.test(node.uniqueId());
            @Nullable Relation relation = tested(node);
            if (test != null && relation != null) {
                assertions(event, relation, asserts(node) ? List.of(assertion(node, test)) : List.of());
            }
        }

        private @Nullable Relation tested(NodeResult node) {
            ManifestGraph.@Nullable Test test = graph.test(node.uniqueId());
            return test == null || test.tested() == null ? null : graph.relation(test.tested());
        }

        private void tests(Telling telling, String testedId, List<NodeResult> tests) throws InterruptedException {
            UUID id = run.ids().ofTests(step.index(), testedId);
            JobName job = run.names().ofTests(testedId);
            Instant begun =
                    tests.stream().map(this::begun).min(Instant::compareTo).orElse(step.begun());
            Instant ended = tests.stream()
                    .map(test -> {
                        @Nullable Instant completed = plausible(test.completedAt());
                        return completed == null ? begun : completed;
                    })
                    .max(Instant::compareTo)
                    .orElse(end());
            LineageEvent start =
                    run.event(Transition.START, begun, id, job, self).job("jobType", facets.jobType("TEST"));
            run.processingEngine(start, engineVersion());
            named(start, Stream.ofNullable(graph.relation(testedId)), null);
            telling.tell(start);
            NodeClass worst = worst(tests);
            LineageEvent event = run.event(transition(worst), latest(begun, ended), id, job, self);
            event.run("dbt_run", dbtRun());
            ObjectNode facet = facets.dbtNode().put("unique_id", testedId).put("class", worst.wireName());
            facet.put("tests", tests.size());
            event.run("dbt_node", facet);
            tests.stream()
                    .filter(test -> test.nodeClass() == NodeClass.FAILED)
                    .findFirst()
                    .ifPresent(test -> error(event, test.nodeClass(), test.message()));
            run.processingEngine(event, engineVersion());
            event.job("jobType", facets.jobType("TEST"));
            @Nullable Relation relation = graph.relation(testedId);
            if (relation != null) {
                assertions(
                        event,
                        relation,
                        tests.stream()
                                .filter(this::asserts)
                                .map(test -> assertion(test, Objects.requireNonNull(graph.test(test.uniqueId()))))
                                .toList());
            }
            telling.tell(event);
        }

        private void assertions(LineageEvent event, Relation relation, List<Assertion> assertions) {
            Facetted input =
                    event.input(datasets.of(relation)).facet("dataSource", facets.dataSource(datasets.namespace()));
            if (!assertions.isEmpty()) {
                input.ofUse("dataQualityAssertions", facets.assertions(assertions));
            }
        }

        private Assertion assertion(NodeResult node, ManifestGraph.Test test) {
            return new Assertion(test.name(), node.nodeClass() == NodeClass.BUILT, test.column());
        }

        /** A test that was not made asserts nothing, and one of a unit nothing of the data. */
        private boolean asserts(NodeResult node) {
            return !node.uniqueId().startsWith("unit_test.")
                    && switch (node.nodeClass()) {
                        case BUILT, WARNED, FAILED -> true;
                        case REUSED, NO_OP, SKIPPED, OTHER -> false;
                    };
        }

        private NodeClass worst(List<NodeResult> tests) {
            for (NodeClass each : List.of(NodeClass.FAILED, NodeClass.WARNED, NodeClass.BUILT)) {
                if (tests.stream().anyMatch(test -> test.nodeClass() == each)) {
                    return each;
                }
            }
            return tests.getFirst().nodeClass();
        }

        private void error(LineageEvent event, NodeClass nodeClass, @Nullable String message) {
            if (nodeClass == NodeClass.FAILED) {
                event.run("errorMessage", facets.errorMessage(message == null ? "dbt gave no message" : message));
            }
        }

        private ObjectNode dbtRun() {
            ObjectNode facet = run.dbtRun().put("step", step.index());
            if (results.invocationId() != null) {
                facet.put("invocation_id", results.invocationId());
            }
            if (graph.project() != null) {
                facet.put("project_name", graph.project());
            }
            return facet;
        }

        private ObjectNode dbtNode(NodeResult node, NodeDetails details) {
            ObjectNode facet = facets.dbtNode()
                    .put("unique_id", node.uniqueId())
                    .put("status", node.status())
                    .put("class", node.nodeClass().wireName());
            if (details.materialized() != null) {
                facet.put("materialized", details.materialized());
            }
            if (node.failures() != null) {
                facet.put("failures", node.failures());
            }
            if (!details.tags().isEmpty()) {
                ArrayNode tags = facet.putArray("tags");
                details.tags().forEach(tags::add);
            }
            return facet;
        }

        private @Nullable String engineVersion() {
            return results.dbtVersion() != null
                    ? results.dbtVersion()
                    : graph.dbtVersion() != null
                            ? graph.dbtVersion()
                            : run.run().dbtVersion();
        }

        private Instant begun(NodeResult node) {
            @Nullable Instant started = plausible(node.startedAt());
            return started == null ? step.begun() : started;
        }

        private Instant end() {
            @Nullable Instant written = plausible(results.generatedAt());
            return written == null ? step.ended() : written;
        }

        /** dbt's clock and dbt Cloud's are not the same; a time that is far from the step is none of it. */
        private @Nullable Instant plausible(@Nullable Instant time) {
            return time == null
                            || time.isBefore(step.begun().minus(CLOCKS_DIFFER))
                            || time.isAfter(step.ended().plus(CLOCKS_DIFFER))
                    ? null
                    : time;
        }

        private Instant latest(Instant one, Instant other) {
            return one.isAfter(other) ? one : other;
        }

        private String kind(NodeResult node) {
            String kind = node.uniqueId().substring(0, node.uniqueId().indexOf('.'));
            return kind.equals("unit_test") ? "TEST" : kind.toUpperCase(Locale.ROOT);
        }
    }

    /** What the end of a node is in lineage. What was reused, or had nothing to do, is as it should be. */
    static Transition transition(NodeClass nodeClass) {
        return switch (nodeClass) {
            case BUILT, WARNED, REUSED, NO_OP, OTHER -> Transition.COMPLETE;
            case FAILED -> Transition.FAIL;
            case SKIPPED -> Transition.ABORT;
        };
    }
}

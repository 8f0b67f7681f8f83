package org.dbtrelay.lineage.event;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The facets of OpenLineage that the relay writes, in the versions of release 1.39, and the relay's own two. Each carries who made it
 * and its schema's address.
 */
public final class Facets {

    private static final String SPECIFICATION = "https://openlineage.io/spec/facets/";

    /** The schema of the relay's own facets, {@code docs/schemas/lineage-facets.schema.json}. */
    private static final String OWN = "urn:dbt-cloud-relay:schema:lineage-facets:1#/$defs/";

    private final String producer;

    /** Facets that name their producer, a URI. */
    public Facets(String producer) {
        this.producer = producer;
    }

    /** Who makes them. */
    public String producer() {
        return producer;
    }

    /**
     * A column.
     *
     * @param type the database's; null if nobody has told it
     * @param description null without one
     */
    public record Column(
            String name, @Nullable String type, @Nullable String description) {}

    /**
     * A test's result as an assertion.
     *
     * @param assertion what was tested, such as {@code not_null}
     * @param column null if it is not about one
     */
    public record Assertion(
            String assertion, boolean success, @Nullable String column) {}

    /** Of a run: the time for which it was meant. */
    public ObjectNode nominalTime(Instant start, @Nullable Instant end) {
        ObjectNode facet = facet("1-0-1", "NominalTimeRunFacet").put("nominalStartTime", start.toString());
        return end == null ? facet : facet.put("nominalEndTime", end.toString());
    }

    /** Of a run: why it failed. */
    public ObjectNode errorMessage(String message) {
        return facet("1-0-1", "ErrorMessageRunFacet").put("message", message).put("programmingLanguage", "SQL");
    }

    /** Of a run: its id in another system. */
    public ObjectNode externalQuery(String id, String source) {
        return facet("1-0-2", "ExternalQueryRunFacet")
                .put("externalQueryId", id)
                .put("source", source);
    }

    /** Of a run: what ran it. */
    public ObjectNode processingEngine(String name, String version, String relayVersion) {
        return facet("1-1-1", "ProcessingEngineRunFacet")
                .put("version", version)
                .put("name", name)
                .put("openlineageAdapterVersion", relayVersion);
    }

    /** Of a run: the one that it is a part of, and the outermost one of all. */
    public ObjectNode parent(RunRef parent, RunRef root) {
        ObjectNode facet = facet("1-1-0", "ParentRunFacet");
        refer(facet, parent);
        refer(facet.putObject("root"), root);
        return facet;
    }

    private static void refer(ObjectNode to, RunRef run) {
        to.putObject("run").put("runId", run.runId().toString());
        to.putObject("job")
                .put("namespace", run.job().namespace())
                .put("name", run.job().name());
    }

    /** Of a run: words with values. */
    public ObjectNode tags(Map<String, String> tags) {
        ObjectNode facet = facet("1-0-0", "TagsRunFacet");
        ArrayNode list = facet.putArray("tags");
        tags.forEach((key, value) ->
                list.addObject().put("key", key).put("value", value).put("source", "DBT"));
        return facet;
    }

    /** Of a job: what kind of work it is. */
    public ObjectNode jobType(String jobType) {
        return facet("2-0-3", "JobTypeJobFacet")
                .put("processingType", "BATCH")
                .put("integration", "DBT")
                .put("jobType", jobType);
    }

    /** Of a job: its SQL. */
    public ObjectNode sql(String query, @Nullable String dialect) {
        ObjectNode facet = facet("1-1-0", "SQLJobFacet").put("query", query);
        return dialect == null ? facet : facet.put("dialect", dialect);
    }

    /**
     * Of a job: where its source is.
     *
     * @param url of the code, or of what runs it; absolute
     * @param path of a file in the repository; null for no file
     * @param version the commit
     */
    public ObjectNode sourceCodeLocation(
            String url, @Nullable String path, @Nullable String version, @Nullable String branch) {
        ObjectNode facet =
                facet("1-0-1", "SourceCodeLocationJobFacet").put("type", "git").put("url", url);
        put(facet, "path", path);
        put(facet, "version", version);
        put(facet, "branch", branch);
        return facet;
    }

    /** Of a job: who is responsible. */
    public ObjectNode jobOwnership(List<String> owners) {
        return owners(facet("1-0-1", "OwnershipJobFacet"), owners);
    }

    /** Of a job: what it is for. */
    public ObjectNode jobDocumentation(String description) {
        return facet("1-1-0", "DocumentationJobFacet").put("description", description);
    }

    /** Of a dataset: its columns, in their order. */
    public ObjectNode schema(List<Column> columns) {
        ObjectNode facet = facet("1-1-1", "SchemaDatasetFacet");
        ArrayNode fields = facet.putArray("fields");
        for (Column column : columns) {
            ObjectNode field = fields.addObject().put("name", column.name());
            put(field, "type", column.type());
            put(field, "description", column.description());
        }
        return facet;
    }

    /** Of a dataset: what it is. */
    public ObjectNode documentation(String description) {
        return facet("1-1-0", "DocumentationDatasetFacet").put("description", description);
    }

    /** Of a dataset: who is responsible. */
    public ObjectNode ownership(List<String> owners) {
        return owners(facet("1-0-1", "OwnershipDatasetFacet"), owners);
    }

    /** Of a dataset: where it is. */
    public ObjectNode dataSource(String namespace) {
        ObjectNode facet = facet("1-0-1", "DatasourceDatasetFacet").put("name", namespace);
        return namespace.contains("://") ? facet.put("uri", namespace) : facet;
    }

    /** Of a dataset: the version that dbt gives it. */
    public ObjectNode version(String version) {
        return facet("1-0-1", "DatasetVersionDatasetFacet").put("datasetVersion", version);
    }

    /** Of an output: what was written. */
    public ObjectNode outputStatistics(@Nullable Long rows, @Nullable Long bytes) {
        ObjectNode facet = facet("1-0-2", "OutputStatisticsOutputDatasetFacet");
        if (rows != null) {
            facet.put("rowCount", rows);
        }
        if (bytes != null) {
            facet.put("size", bytes);
        }
        return facet;
    }

    /** Of an input: what was tested of it. */
    public ObjectNode assertions(List<Assertion> assertions) {
        ObjectNode facet = facet("1-0-1", "DataQualityAssertionsDatasetFacet");
        ArrayNode list = facet.putArray("assertions");
        for (Assertion assertion : assertions) {
            ObjectNode each =
                    list.addObject().put("assertion", assertion.assertion()).put("success", assertion.success());
            put(each, "column", assertion.column());
        }
        return facet;
    }

    /** The relay's own facet of a run of dbt; the caller fills it. */
    public ObjectNode dbtRun() {
        return own("DbtRunRunFacet");
    }

    /** The relay's own facet of a run of a node; the caller fills it. */
    public ObjectNode dbtNode() {
        return own("DbtNodeRunFacet");
    }

    private static ObjectNode owners(ObjectNode facet, List<String> owners) {
        ArrayNode list = facet.putArray("owners");
        owners.forEach(owner -> list.addObject().put("name", owner));
        return facet;
    }

    private static void put(ObjectNode object, String field, @Nullable String value) {
        if (value != null) {
            object.put(field, value);
        }
    }

    private ObjectNode facet(String version, String name) {
        return schema(SPECIFICATION + version + "/" + name + ".json#/$defs/" + name);
    }

    private ObjectNode own(String name) {
        return schema(OWN + name);
    }

    private ObjectNode schema(String address) {
        return JsonNodeFactory.instance.objectNode().put("_producer", producer).put("_schemaURL", address);
    }
}

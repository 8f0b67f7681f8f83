package org.dbtrelay.lineage.event;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.dbtrelay.lineage.naming.Dataset;

/** One event of OpenLineage (specification 2-0-2, a {@code RunEvent}), as it is built. */
public final class LineageEvent {

    private static final String SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** Kafka's topics take records of 1 MiB, headers and key included. */
    public static final int MOST_BYTES = 900_000;

    /** The facets that may go where an event would be too large, the largest first. */
    private static final List<String> DISPENSABLE = List.of("sql", "schema", "documentation");

    private final JobName job;
    private final JobName root;
    private final ObjectNode json = JsonNodeFactory.instance.objectNode();
    private final ObjectNode runFacets;
    private final ObjectNode jobFacets;
    private final ArrayNode inputs;
    private final ArrayNode outputs;

    /**
     * An event without facets.
     *
     * @param root the job of the outermost run, by which events are kept together
     */
    public LineageEvent(Transition transition, Instant time, UUID runId, JobName job, JobName root, String producer) {
        this.job = job;
        this.root = root;
        json.put("eventType", transition.name());
        json.put("eventTime", time.toString());
        ObjectNode run = json.putObject("run").put("runId", runId.toString());
        this.runFacets = run.putObject("facets");
        ObjectNode ofJob =
                json.putObject("job").put("namespace", job.namespace()).put("name", job.name());
        this.jobFacets = ofJob.putObject("facets");
        this.inputs = json.putArray("inputs");
        this.outputs = json.putArray("outputs");
        json.put("producer", producer);
        json.put("schemaURL", SCHEMA);
    }

    /** Adds a facet to the run. */
    public LineageEvent run(String name, ObjectNode facet) {
        runFacets.set(name, facet);
        return this;
    }

    /** Adds a facet to the job. */
    public LineageEvent job(String name, ObjectNode facet) {
        jobFacets.set(name, facet);
        return this;
    }

    /** Adds an input; returns its facets, and below {@code inputFacets} those of its being one. */
    public Facetted input(Dataset dataset) {
        return new Facetted(inputs.addObject(), dataset, "inputFacets");
    }

    /** Adds an output; returns its facets, and below {@code outputFacets} those of its being one. */
    public Facetted output(Dataset dataset) {
        return new Facetted(outputs.addObject(), dataset, "outputFacets");
    }

    /** A dataset of an event. */
    public static final class Facetted {
        private final ObjectNode facets;
        private final ObjectNode ofUse;

        private Facetted(ObjectNode json, Dataset dataset, String ofUse) {
            json.put("namespace", dataset.namespace()).put("name", dataset.name());
            this.facets = json.putObject("facets");
            this.ofUse = json.putObject(ofUse);
        }

        /** Adds a facet of the dataset itself. */
        public Facetted facet(String name, ObjectNode facet) {
            facets.set(name, facet);
            return this;
        }

        /** Adds a facet of the dataset as this input or output. */
        public Facetted ofUse(String name, ObjectNode facet) {
            ofUse.set(name, facet);
            return this;
        }
    }

    /** The job. */
    public JobName job() {
        return job;
    }

    /**
     * The key of its Kafka record, in the form that OpenLineage's own client gives it: all events of one outermost job are in one
     * partition.
     */
    public String key() {
        return "run:" + root.namespace() + "/" + root.name();
    }

    /** The event as UTF-8 JSON, without its largest facets if it would be too large. */
    public byte[] bytes() {
        byte[] bytes = write();
        for (String facet : DISPENSABLE) {
            if (bytes.length > MOST_BYTES) {
                jobFacets.remove(facet);
                inputs.forEach(dataset -> ((ObjectNode) dataset.path("facets")).remove(facet));
                outputs.forEach(dataset -> ((ObjectNode) dataset.path("facets")).remove(facet));
                bytes = write();
            }
        }
        return bytes;
    }

    private byte[] write() {
        try {
            return JSON.writeValueAsBytes(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("an event that cannot be written", e);
        }
    }
}

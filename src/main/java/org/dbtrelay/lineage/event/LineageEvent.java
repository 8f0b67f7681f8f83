package org.dbtrelay.lineage.event;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.dbtrelay.lineage.naming.Dataset;
import org.jspecify.annotations.Nullable;

/** One event of OpenLineage (specification 2-0-2, a {@code RunEvent}), as it is built. */
public final class LineageEvent {

    private static final String SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** Kafka's topics take records of 1 MiB, headers and key included. */
    public static final int MOST_BYTES = 900_000;

    /** The facets that may go where an event would be too large, the largest first. */
    private static final List<String> DISPENSABLE = List.of("sql", "schema", "documentation");

    private final Transition transition;
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
        this.transition = transition;
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

    /** Whether it tells that something has begun. */
    public boolean isStart() {
        return transition == Transition.START;
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
        clean(json);
        byte[] bytes = write();
        for (String facet : DISPENSABLE) {
            if (bytes.length > MOST_BYTES) {
                jobFacets.remove(facet);
                inputs.forEach(dataset -> ((ObjectNode) dataset.path("facets")).remove(facet));
                outputs.forEach(dataset -> ((ObjectNode) dataset.path("facets")).remove(facet));
                bytes = write();
            }
        }
        if (bytes.length > MOST_BYTES) {
            inputs.forEach(dataset -> ((ObjectNode) dataset.path("inputFacets")).removeAll());
            bytes = write();
        }
        if (bytes.length > MOST_BYTES) {
            // The end of a run has to be told, even without what it was made from.
            inputs.removeAll();
            bytes = write();
        }
        return bytes;
    }

    /**
     * Takes control characters and halves of pairs out of all texts, wherever they are from. A server's database may take neither: Postgres
     * refuses a text with U+0000.
     */
    private static void clean(JsonNode node) {
        if (node instanceof ObjectNode object) {
            object.properties().forEach(field -> {
                @Nullable TextNode clean = cleaned(field.getValue());
                if (clean != null) {
                    field.setValue(clean);
                }
            });
        } else if (node instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                @Nullable TextNode clean = cleaned(array.get(i));
                if (clean != null) {
                    array.set(i, clean);
                }
            }
        }
    }

    /** Null if the node stays, perhaps with other children. */
    private static @Nullable TextNode cleaned(JsonNode node) {
        if (!node.isTextual()) {
            clean(node);
            return null;
        }
        String text = node.textValue();
        int[] plain = text.codePoints().filter(LineageEvent::isPlain).toArray();
        return plain.length == text.codePointCount(0, text.length())
                ? null
                : TextNode.valueOf(new String(plain, 0, plain.length));
    }

    private static boolean isPlain(int character) {
        boolean isHalf = character >= Character.MIN_SURROGATE && character <= Character.MAX_SURROGATE;
        boolean isControl = Character.isISOControl(character) && "\n\r\t".indexOf(character) < 0;
        return !isHalf && !isControl;
    }

    private byte[] write() {
        try {
            return JSON.writeValueAsBytes(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("an event that cannot be written", e);
        }
    }
}

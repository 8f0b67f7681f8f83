package org.dbtrelay.run.job;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * dbt's words for the end of a node, and the class of each: the one place that knows them. The words are those of dbt Core
 * ({@code artifacts/schemas/results.py}: {@code no-op} since 1.10, {@code reused} since 1.12, {@code partial success} since
 * 1.9) and of Fusion, which writes the same into {@code run_results.json}. Later ones belong to no class of these and count as
 * {@link NodeClass#OTHER}.
 */
public enum NodeStatus {
    SUCCESS("success", NodeClass.BUILT),
    CREATED("created", NodeClass.BUILT),
    PASS("pass", NodeClass.BUILT),
    REUSED("reused", NodeClass.REUSED),
    NO_OP("no-op", NodeClass.NO_OP),
    WARN("warn", NodeClass.WARNED),
    SKIPPED("skipped", NodeClass.SKIPPED),
    ERROR("error", NodeClass.FAILED),
    FAIL("fail", NodeClass.FAILED),
    RUNTIME_ERROR("runtime error", NodeClass.FAILED),
    PARTIAL_SUCCESS("partial success", NodeClass.FAILED);

    /** The ends that matter to a reader of an event. */
    public enum NodeClass {
        /** Built, or tested without a finding. */
        BUILT,
        /** Not built, because what is there is still right (dbt State, state-aware orchestration). */
        REUSED,
        /** There was nothing to do. */
        NO_OP,
        /** Built or tested, with a warning. */
        WARNED,
        /** Not built, because a node before it failed. */
        SKIPPED,
        /** Failed: it makes dbt exit with an error. */
        FAILED,
        /** A word that this version does not know. */
        OTHER;

        /** As it stands in events. */
        public String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * The code of an adapter that had nothing to do. dbt v2 gives such a node the status {@code warn}: an unchanged dynamic table
     * of Snowflake (dagster-io/dagster issue 34216).
     */
    private static final String SKIP = "skip";

    private static final Map<String, NodeStatus> BY_WORD = new HashMap<>();

    static {
        for (NodeStatus status : values()) {
            BY_WORD.put(plain(status.word), status);
        }
    }

    private final String word;
    private final NodeClass nodeClass;

    NodeStatus(String word, NodeClass nodeClass) {
        this.word = word;
        this.nodeClass = nodeClass;
    }

    /** dbt's word. */
    public String word() {
        return word;
    }

    /** The class of the word alone. */
    public NodeClass nodeClass() {
        return nodeClass;
    }

    /**
     * The class of a node.
     *
     * @param word as dbt wrote it; its case, and whether a hyphen, an underscore or a space divides it, does not matter
     * @param adapterCode {@code adapter_response.code} of the node
     */
    public static NodeClass classOf(String word, @Nullable String adapterCode) {
        @Nullable NodeStatus status = BY_WORD.get(plain(word));
        if (status == null) {
            return NodeClass.OTHER;
        }
        return status == WARN && SKIP.equalsIgnoreCase(adapterCode) ? NodeClass.NO_OP : status.nodeClass;
    }

    private static String plain(String word) {
        return word.toLowerCase(Locale.ROOT).replace('_', ' ').replace('-', ' ');
    }
}

package org.dbtrelay.lineage.project;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.dbtrelay.artifact.DbtJson;
import org.dbtrelay.lineage.event.Facets.Column;
import org.jspecify.annotations.Nullable;

/** Goes through a {@code manifest.json} and shows the details of some nodes, one after another; it keeps none of them. */
public final class ManifestNodes {

    private static final int LONGEST_DESCRIPTION = 4_000;
    private static final int LONGEST_SQL = 32 * 1024;
    private static final int LONGEST_NAME = 255;
    private static final int LONGEST_PATH = 1_000;
    private static final int MOST_TAGS = 50;

    /** Takes the details of a node. */
    @FunctionalInterface
    public interface Taker {
        /** Once for each node, in the file's order. */
        void take(String uniqueId, NodeDetails details) throws InterruptedException;
    }

    private final Set<String> wanted;
    private final Taker taker;
    private @Nullable InterruptedException interrupted;

    private ManifestNodes(Set<String> wanted, Taker taker) {
        this.wanted = new HashSet<>(wanted);
        this.taker = taker;
    }

    /**
     * Shows these nodes and sources, as far as the file has them, and reads no further than it has to.
     *
     * @throws IOException the transfer broke, or it is not what dbt writes
     */
    public static void read(InputStream bytes, Set<String> wanted, Taker taker)
            throws IOException, InterruptedException {
        ManifestNodes reading = new ManifestNodes(wanted, taker);
        DbtJson.readObject(bytes, reading::field);
        if (reading.interrupted != null) {
            throw reading.interrupted;
        }
    }

    private boolean field(String name, JsonParser value) throws IOException {
        switch (name) {
            case "nodes", "sources", "unit_tests" -> DbtJson.fields(value, this::node);
            default -> value.skipChildren();
        }
        return !wanted.isEmpty() && interrupted == null;
    }

    private boolean node(String id, JsonParser value) throws IOException {
        if (!wanted.remove(id)) {
            value.skipChildren();
            return true;
        }
        Reading reading = new Reading();
        DbtJson.fields(value, reading::field);
        try {
            taker.take(id, reading.details());
        } catch (InterruptedException e) {
            interrupted = e;
        }
        return interrupted == null;
    }

    private static final class Reading {
        private final List<String> tags = new ArrayList<>();
        private final List<Column> columns = new ArrayList<>();
        private @Nullable String description;
        private @Nullable String code;
        private @Nullable String language;
        private @Nullable String path;
        private @Nullable String group;
        private @Nullable String materialized;
        private @Nullable String version;

        NodeDetails details() {
            return new NodeDetails(
                    description,
                    language == null || language.equals("sql") ? Text.beginning(LONGEST_SQL, code) : null,
                    path,
                    group,
                    tags,
                    materialized,
                    version,
                    columns);
        }

        boolean field(String name, JsonParser value) throws IOException {
            switch (name) {
                case "description" -> description = Text.beginning(LONGEST_DESCRIPTION, DbtJson.string(value));
                case "compiled_code", "compiled_sql" -> code = DbtJson.string(value);
                case "language" -> language = Text.within(LONGEST_NAME, DbtJson.string(value));
                case "original_file_path" -> path = Text.within(LONGEST_PATH, DbtJson.string(value));
                case "group" -> group(value);
                case "tags" -> DbtJson.elements(value, this::tag);
                case "version" -> version = number(value);
                case "config" -> DbtJson.fields(value, this::config);
                case "columns" -> DbtJson.fields(value, this::column);
                default -> value.skipChildren();
            }
            return true;
        }

        private boolean config(String option, JsonParser value) throws IOException {
            switch (option) {
                case "materialized" -> materialized = Text.within(LONGEST_NAME, DbtJson.string(value));
                case "group" -> group(value);
                default -> value.skipChildren();
            }
            return true;
        }

        private void group(JsonParser value) throws IOException {
            @Nullable String name = Text.within(LONGEST_NAME, DbtJson.string(value));
            group = name == null ? group : name;
        }

        private void tag(JsonParser value) throws IOException {
            @Nullable String tag = Text.within(LONGEST_NAME, DbtJson.string(value));
            if (tag != null && tags.size() < MOST_TAGS && !tags.contains(tag)) {
                tags.add(tag);
            }
        }

        private boolean column(String name, JsonParser value) throws IOException {
            @Nullable String[] texts = {null, null};
            DbtJson.fields(value, (field, text) -> {
                switch (field) {
                    case "data_type" -> texts[0] = Text.within(Columns.LONGEST_TYPE, DbtJson.string(text));
                    case "description" -> texts[1] = Text.beginning(Columns.LONGEST_DESCRIPTION, DbtJson.string(text));
                    default -> text.skipChildren();
                }
                return true;
            });
            @Nullable String plain = Text.within(LONGEST_NAME, name);
            if (plain != null && columns.size() < Columns.MOST) {
                columns.add(new Column(plain, texts[0], texts[1]));
            }
            return true;
        }

        /** dbt writes the version of a model as a number or as a text. */
        private static @Nullable String number(JsonParser value) throws IOException {
            if (value.currentToken() == JsonToken.VALUE_NUMBER_INT
                    || value.currentToken() == JsonToken.VALUE_NUMBER_FLOAT) {
                return Text.within(LONGEST_NAME, value.getText());
            }
            return Text.within(LONGEST_NAME, DbtJson.string(value));
        }
    }
}

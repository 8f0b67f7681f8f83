package org.dbtrelay.lineage.project;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dbtrelay.artifact.DbtJson;
import org.dbtrelay.lineage.event.Facets.Column;
import org.jspecify.annotations.Nullable;

/**
 * What a {@code catalog.json} says of some tables: their columns as the database has them, and how large they are. The columns of all of
 * them together take {@value #MOST_TEXT} characters at most; of further ones only the size is kept.
 */
public final class Catalog {

    /** About sixteen megabytes of memory. */
    static final int MOST_TEXT = 16_000_000;

    private static final int LONGEST_NAME = 255;

    /** Statistics' names, as the adapters have them. */
    private static final Set<String> ROWS = Set.of("row_count", "num_rows", "rows");

    private static final Set<String> BYTES = Set.of("bytes", "num_bytes", "size");

    private record Table(
            String columns, @Nullable Long rows, @Nullable Long bytes) {}

    private final Set<String> wanted;
    private final Map<String, Table> tables = new HashMap<>();
    private long text;

    private Catalog(Set<String> wanted) {
        this.wanted = wanted;
    }

    /** A catalog of nothing. */
    public static Catalog none() {
        return new Catalog(Set.of());
    }

    /**
     * Reads the file as it comes in.
     *
     * @param wanted the ids of the nodes and sources that matter
     * @throws IOException the transfer broke, or it is not what dbt writes
     */
    public static Catalog read(InputStream bytes, Set<String> wanted) throws IOException {
        Catalog catalog = new Catalog(wanted);
        DbtJson.readObject(bytes, catalog::field);
        return catalog;
    }

    /** The columns of a table, in the database's order; empty if the catalog does not have it. */
    public List<Column> columns(String id) {
        @Nullable Table table = tables.get(id);
        return table == null ? List.of() : Columns.unpack(table.columns());
    }

    /** The number of rows in a table; null if the catalog does not tell. */
    public @Nullable Long rows(String id) {
        @Nullable Table table = tables.get(id);
        return table == null ? null : table.rows();
    }

    /** The size of a table in bytes; null if the catalog does not tell. */
    public @Nullable Long bytes(String id) {
        @Nullable Table table = tables.get(id);
        return table == null ? null : table.bytes();
    }

    private boolean field(String name, JsonParser value) throws IOException {
        switch (name) {
            case "nodes", "sources" -> DbtJson.fields(value, this::table);
            default -> value.skipChildren();
        }
        return true;
    }

    private boolean table(String id, JsonParser value) throws IOException {
        if (!wanted.contains(id)) {
            value.skipChildren();
            return true;
        }
        Reading reading = new Reading();
        DbtJson.fields(value, reading::field);
        String columns = Columns.pack(reading.inOrder());
        boolean fits = text + columns.length() <= MOST_TEXT;
        text += fits ? columns.length() : 0;
        tables.put(id, new Table(fits ? columns : "", reading.rows, reading.bytes));
        return true;
    }

    private record Placed(long index, Column column) {}

    private static final class Reading {
        private final List<Placed> columns = new ArrayList<>();
        private @Nullable Long rows;
        private @Nullable Long bytes;

        List<Column> inOrder() {
            return columns.stream()
                    .sorted(Comparator.comparingLong(Placed::index))
                    .map(Placed::column)
                    .toList();
        }

        boolean field(String name, JsonParser value) throws IOException {
            switch (name) {
                case "columns" -> DbtJson.fields(value, this::column);
                case "stats" -> DbtJson.fields(value, this::statistic);
                default -> value.skipChildren();
            }
            return true;
        }

        private boolean column(String key, JsonParser value) throws IOException {
            @Nullable String[] texts = {null, null, null};
            long[] index = {columns.size()};
            DbtJson.fields(value, (field, part) -> {
                switch (field) {
                    case "name" -> texts[0] = Text.within(LONGEST_NAME, DbtJson.string(part));
                    case "type" -> texts[1] = Text.within(Columns.LONGEST_TYPE, DbtJson.string(part));
                    case "comment" -> texts[2] = Text.beginning(Columns.LONGEST_DESCRIPTION, DbtJson.string(part));
                    case "index" -> {
                        @Nullable Long number = DbtJson.count(part);
                        index[0] = number == null ? index[0] : number;
                    }
                    default -> part.skipChildren();
                }
                return true;
            });
            @Nullable String name = texts[0] == null ? Text.within(LONGEST_NAME, key) : texts[0];
            if (name != null && columns.size() < Columns.MOST) {
                columns.add(new Placed(index[0], new Column(name, texts[1], texts[2])));
            }
            return true;
        }

        private boolean statistic(String id, JsonParser value) throws IOException {
            @Nullable Long[] number = {null};
            DbtJson.fields(value, (field, part) -> {
                if (field.equals("value") && part.currentToken() == JsonToken.VALUE_STRING) {
                    number[0] = parsed(DbtJson.string(part));
                } else if (field.equals("value")) {
                    number[0] = DbtJson.count(part);
                } else {
                    part.skipChildren();
                }
                return true;
            });
            if (ROWS.contains(id)) {
                rows = number[0];
            } else if (BYTES.contains(id)) {
                bytes = number[0];
            }
            return true;
        }

        private static @Nullable Long parsed(@Nullable String text) {
            return text != null && text.matches("[0-9]{1,18}") ? Long.valueOf(text) : null;
        }
    }
}

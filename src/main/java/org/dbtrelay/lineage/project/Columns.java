package org.dbtrelay.lineage.project;

import java.util.ArrayList;
import java.util.List;
import org.dbtrelay.lineage.event.Facets.Column;
import org.jspecify.annotations.Nullable;

/** The columns of a table in little memory: a text, of which there is one for each of thousands of nodes. */
final class Columns {

    /** Of a table; the rest is left out. */
    static final int MOST = 1_000;

    static final int LONGEST_TYPE = 255;
    static final int LONGEST_DESCRIPTION = 500;

    private static final char FIELD = '\u001f';
    private static final char END = '\u001e';

    private Columns() {}

    /** The columns as a text; their parts have no control characters but tabs and line ends. */
    static String pack(List<Column> columns) {
        StringBuilder text = new StringBuilder();
        for (Column column : columns) {
            text.append(column.name())
                    .append(FIELD)
                    .append(column.type() == null ? "" : column.type())
                    .append(FIELD)
                    .append(column.description() == null ? "" : column.description())
                    .append(END);
        }
        return text.toString();
    }

    /** The columns of such a text. */
    static List<Column> unpack(String text) {
        List<Column> columns = new ArrayList<>();
        for (int from = 0; from < text.length(); ) {
            int type = text.indexOf(FIELD, from);
            int description = text.indexOf(FIELD, type + 1);
            int end = text.indexOf(END, description + 1);
            columns.add(new Column(
                    text.substring(from, type), part(text, type + 1, description), part(text, description + 1, end)));
            from = end + 1;
        }
        return columns;
    }

    private static @Nullable String part(String text, int from, int to) {
        return from == to ? null : text.substring(from, to);
    }
}

package org.dbtrelay.lineage.follow;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How far the lineage of one event of the relay's has been told. It is remembered in the text that Kafka keeps beside the group's offset,
 * so that it moves with it, and a new owner of the partition goes on where the last one was seen.
 *
 * @param step the number of the step that is being told, {@link #DONE} if all is
 * @param basis which artifacts the step's events were made from, and which tests were told
 * @param events how many of the step's events are told
 */
record Note(int step, String basis, int events) {

    /** In the place of a step: nothing is left to tell. */
    static final int DONE = Integer.MAX_VALUE;

    /** The event of the run itself is told, none of a step. */
    static final Note BEGUN = new Note(0, "", 0);

    /** All is told. */
    static final Note ALL = new Note(DONE, "", 0);

    /** Kafka keeps 4,096 bytes unless told otherwise ({@code offset.metadata.max.bytes}). */
    private static final int LONGEST = 4_000;

    private static final Pattern ENTRY = Pattern.compile("(\\d{1,9})(?:d|:(\\d{1,6})([rmcen!]*):(\\d{1,9}))");

    /** The notes as a text; those that do not fit are left out, the ones with the most told last. */
    static String write(long committed, Map<Long, Note> notes) {
        List<Map.Entry<Long, Note>> byWorth = new ArrayList<>(notes.entrySet());
        byWorth.sort(Comparator.comparingInt(
                        (Map.Entry<Long, Note> each) -> each.getValue().worth())
                .reversed()
                .thenComparing(Map.Entry::getKey));
        StringBuilder text = new StringBuilder();
        for (Map.Entry<Long, Note> each : byWorth) {
            Note note = each.getValue();
            String entry = (each.getKey() - committed)
                    + (note.step == DONE ? "d" : ":" + note.step + note.basis + ":" + note.events);
            if (text.length() + entry.length() + 1 > LONGEST) {
                break;
            }
            text.append(text.isEmpty() ? "" : ",").append(entry);
        }
        return text.toString();
    }

    /** The notes of such a text, by offset; what is none is left out. */
    static Map<Long, Note> read(long committed, String text) {
        Map<Long, Note> notes = new HashMap<>();
        for (String entry : text.split(",", -1)) {
            Matcher matcher = ENTRY.matcher(entry);
            if (matcher.matches()) {
                Note note = matcher.group(2) == null
                        ? ALL
                        : new Note(
                                Integer.parseInt(matcher.group(2)),
                                matcher.group(3),
                                Integer.parseInt(matcher.group(4)));
                notes.put(committed + Long.parseLong(matcher.group(1)), note);
            }
        }
        return notes;
    }

    /** About how many events would be told again without it. */
    private int worth() {
        return step == DONE ? 1_000 : events;
    }
}

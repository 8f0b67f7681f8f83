package org.dbtrelay.run.state;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.dbtrelay.run.event.EventType;
import org.jspecify.annotations.Nullable;

/**
 * When each event of a command was told, in a few bytes, because an entry is kept for as long as its id: a letter for the type and the
 * seconds since the event before it, with 36 digits, as in {@code A0D1E2F5G8w}. The first events and the last ones are kept; a dot
 * and a number stand for events between them, or before all of them, of which nothing is known any more.
 */
public final class Timeline {

    /** A command has some ten events; one with many runs or artifacts loses those in the middle. */
    static final int FIRST = 8;

    static final int LAST = 24;

    private static final int DIGITS = 36;
    private static final char GAP = '.';
    private static final Map<Character, EventType> TYPES =
            Arrays.stream(EventType.values()).collect(Collectors.toUnmodifiableMap(Timeline::letter, type -> type));

    private Timeline() {}

    /**
     * An event that was told.
     *
     * @param sequence its number
     * @param at when, to the second
     */
    public record Told(int sequence, EventType type, Instant at) {}

    /** One letter, or the gap, with its number. */
    private record Part(char letter, long number) {

        String text() {
            return letter + Long.toString(number, DIGITS);
        }
    }

    /**
     * A timeline with one more event.
     *
     * @param text the timeline before; null: none is known
     * @param sequence the number of the event
     * @param begin the command's acceptance
     */
    public static String add(@Nullable String text, int sequence, EventType type, Instant begin, Instant at) {
        List<Part> parts = new ArrayList<>(parts(text));
        if (text == null && sequence > 0) {
            parts.add(new Part(GAP, sequence));
        }
        long before = parts.stream()
                .filter(part -> part.letter() != GAP)
                .mapToLong(Part::number)
                .sum();
        long now = Math.max(before, Duration.between(begin, at).toSeconds());
        parts.add(new Part(letter(type), now - before));
        return text(shortened(parts));
    }

    /** Takes one from the middle if there are too many; its seconds go to the next one. */
    private static List<Part> shortened(List<Part> parts) {
        long events = parts.stream().filter(part -> part.letter() != GAP).count();
        if (events <= FIRST + LAST) {
            return parts;
        }
        List<Part> all = new ArrayList<>(parts);
        int first = all.getFirst().letter() == GAP ? FIRST + 1 : FIRST;
        boolean hasGap = all.get(first).letter() == GAP;
        Part gone = all.remove(hasGap ? first + 1 : first);
        Part next = all.get(hasGap ? first + 1 : first);
        all.set(hasGap ? first + 1 : first, new Part(next.letter(), next.number() + gone.number()));
        if (hasGap) {
            all.set(first, new Part(GAP, all.get(first).number() + 1));
        } else {
            all.add(first, new Part(GAP, 1));
        }
        return all;
    }

    /**
     * The events of which something is known, in order.
     *
     * @param text null: nothing is
     * @param begin the command's acceptance
     */
    public static List<Told> of(@Nullable String text, Instant begin) {
        List<Told> told = new ArrayList<>();
        int sequence = 0;
        long seconds = 0;
        for (Part part : parts(text)) {
            if (part.letter() == GAP) {
                sequence += (int) part.number();
            } else {
                seconds += part.number();
                @Nullable EventType type = TYPES.get(part.letter());
                if (type != null) {
                    told.add(new Told(sequence, type, begin.plusSeconds(seconds)));
                }
                sequence++;
            }
        }
        return told;
    }

    private static List<Part> parts(@Nullable String text) {
        List<Part> parts = new ArrayList<>();
        for (int from = 0; text != null && from < text.length(); ) {
            int to = from + 1;
            while (to < text.length() && isDigit(text.charAt(to))) {
                to++;
            }
            parts.add(new Part(text.charAt(from), number(text.substring(from + 1, to))));
            from = to;
        }
        return parts;
    }

    private static long number(String digits) {
        try {
            return Long.parseLong(digits, DIGITS);
        } catch (NumberFormatException e) {
            // A record that somebody else has written; a timeline is no reason to degrade a partition.
            return 0;
        }
    }

    private static boolean isDigit(char letter) {
        return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z');
    }

    private static String text(List<Part> parts) {
        StringBuilder text = new StringBuilder();
        parts.forEach(part -> text.append(part.text()));
        return text.toString();
    }

    /** It stands in ledgers, so none may ever change. */
    private static char letter(EventType type) {
        return switch (type) {
            case COMMAND_ACCEPTED -> 'A';
            case COMMAND_REJECTED -> 'B';
            case COMMAND_COMPLETED -> 'C';
            case RUN_QUEUED -> 'D';
            case RUN_STARTING -> 'E';
            case RUN_RUNNING -> 'F';
            case RUN_SUCCEEDED -> 'G';
            case RUN_FAILED -> 'H';
            case RUN_CANCELLED -> 'I';
            case RUN_ATTEMPT_FAILED -> 'J';
            case RUN_FAILURE_EXPLAINED -> 'K';
            case RUN_ABANDONED -> 'L';
            case RUN_STRAY -> 'M';
            case ARTIFACT_READY -> 'N';
            case ARTIFACT_UNAVAILABLE -> 'O';
        };
    }
}

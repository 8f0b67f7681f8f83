package org.dbtrelay.dbtcloud.paging;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Set;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.UncheckedDbtCloudException;
import org.dbtrelay.dbtcloud.http.Envelope;
import org.dbtrelay.dbtcloud.http.Envelope.UnreadableAnswer;
import org.dbtrelay.run.job.CallFailure;
import org.jspecify.annotations.Nullable;

/**
 * A list of dbt Cloud that is read while it is used: a request for each hundred rows, none before the first is wanted, none
 * after the last. Nothing is sent by making one, and each iterator begins anew.
 *
 * <p>Rows that come or go while it is read shift the others. Where dbt Cloud has a filter for ids above one ({@code id__gt}, {@code
 * pk__gt}) and the order is by id, that filter is the cursor, and nothing is left out or repeated. Else pages are counted
 * by rows, and what was there already is left out; a row can be missed if one before it goes away.
 */
public final class Listing<T> implements Iterable<T> {

    /** dbt Cloud gives at most this many rows at once. */
    public static final int LARGEST_PAGE = 100;

    /** Asks for one page. */
    @FunctionalInterface
    public interface PageCall {
        Envelope page(Map<String, String> parameters) throws DbtCloudException;
    }

    /** Makes a value of a row. */
    public @FunctionalInterface interface RowReader<T> {
        T read(ObjectNode row) throws UnreadableAnswer;
    }

    /**
     * The kind of a list.
     *
     * @param idAbove the filter for ids above one; null if there is none
     */
    public record Shape<T>(
            RowReader<T> reader,
            ToLongFunction<T> id,
            @Nullable String idAbove) {}

    /**
     * One page.
     *
     * @param next where the next one begins; null after the last
     */
    public record Page<T>(List<T> rows, @Nullable Cursor next) {
        /** Copies the list. */
        public Page {
            rows = List.copyOf(rows);
        }
    }

    /** New rows can push so many pages of old ones before the next; more come of a server that does not look at what it is asked. */
    private static final int MOST_STALE_PAGES = 3;

    private final PageCall call;
    private final Shape<T> shape;
    private final Map<String, String> parameters;
    private final String orderBy;
    private final long limit;

    /** A list with the given filters; asks for nothing yet. */
    public Listing(PageCall call, Shape<T> shape, Map<String, String> parameters) {
        this(call, shape, parameters, Long.MAX_VALUE);
    }

    private Listing(PageCall call, Shape<T> shape, Map<String, String> parameters, long limit) {
        this.call = call;
        this.shape = shape;
        this.parameters = new TreeMap<>(parameters);
        this.orderBy = this.parameters.getOrDefault("order_by", "id");
        this.limit = limit;
    }

    /** The same list, but not more than so many rows of it. */
    public Listing<T> limit(long rows) {
        if (rows < 0) {
            throw new IllegalArgumentException("a limit is not negative");
        }
        return new Listing<>(call, shape, parameters, Math.min(limit, rows));
    }

    /** All rows. */
    public List<T> toList() throws DbtCloudException {
        List<T> all = new ArrayList<>();
        Reading reading = new Reading();
        while (reading.advance()) {
            all.add(reading.take());
        }
        return List.copyOf(all);
    }

    /** The rows one after the other; it throws {@link UncheckedDbtCloudException} where a page cannot be had. */
    @Override
    public Iterator<T> iterator() {
        return new Reading();
    }

    /** As {@link #iterator}. */
    public Stream<T> stream() {
        return StreamSupport.stream(Spliterators.spliteratorUnknownSize(iterator(), Spliterator.ORDERED), false);
    }

    /**
     * One page, with one request.
     *
     * @param from where it begins; null: at the beginning
     * @param rows at most so many, 1 to {@link #LARGEST_PAGE}
     */
    public Page<T> page(@Nullable Cursor from, int rows) throws DbtCloudException {
        if (rows < 1 || rows > LARGEST_PAGE) {
            throw new IllegalArgumentException("a page has 1 to " + LARGEST_PAGE + " rows");
        }
        Cursor start = from == null ? Cursor.BEGINNING : from;
        Map<String, String> asked = new TreeMap<>(parameters);
        asked.put("order_by", orderBy);
        asked.put("limit", Integer.toString(rows));
        String idAbove = orderBy.equals("id") ? shape.idAbove() : null;
        if (idAbove != null && start.lastId() > 0) {
            asked.merge(
                    idAbove,
                    Long.toString(start.lastId()),
                    (own, last) -> Long.parseLong(own) > Long.parseLong(last) ? own : last);
        } else if (idAbove == null && start.offset() > 0) {
            asked.put("offset", Integer.toString(start.offset()));
        }
        Envelope answer = call.page(asked);
        int before = idAbove == null ? start.offset() : 0;
        Page<T> page = page(answer, start, before, rows);
        if (idAbove != null && page.rows().isEmpty() && page.next() != null) {
            throw new DbtCloudException(new CallFailure.Unclear(
                    "dbt Cloud listed rows that are not above the " + idAbove + " that was asked for."));
        }
        return page;
    }

    private Page<T> page(Envelope answer, Cursor start, int before, int asked) throws DbtCloudException {
        List<T> rows = new ArrayList<>();
        long lastId = start.lastId();
        for (JsonNode node : answer.data()) {
            T row = read(node);
            long id = shape.id().applyAsLong(row);
            if (isNew(id, start.lastId())) {
                rows.add(row);
                lastId = id;
            }
        }
        Cursor next = new Cursor(before + answer.data().size(), lastId);
        return new Page<>(rows, answer.isLastPage(before, asked) ? null : next);
    }

    private T read(JsonNode node) throws DbtCloudException {
        try {
            if (node instanceof ObjectNode row) {
                return shape.reader().read(row);
            }
            throw new UnreadableAnswer("a row that is no object");
        } catch (UnreadableAnswer e) {
            throw new DbtCloudException(new CallFailure.Unclear("dbt Cloud listed " + e.getMessage() + "."), e);
        }
    }

    private boolean isNew(long id, long lastId) {
        return lastId == 0
                || switch (orderBy) {
                    case "id" -> id > lastId;
                    case "-id" -> id < lastId;
                    default -> true;
                };
    }

    private final class Reading implements Iterator<T> {
        private final Set<Long> seen = new HashSet<>();
        private Iterator<T> page = Collections.emptyIterator();
        private @Nullable Cursor next = Cursor.BEGINNING;
        private @Nullable T ready;
        private long given;

        /** How many pages in a row had no row that is new. */
        private int stalePages;

        /** Whether there is another row, which {@link #take} gives. */
        boolean advance() throws DbtCloudException {
            while (ready == null && given < limit) {
                if (page.hasNext()) {
                    T row = page.next();
                    if (seen.add(shape.id().applyAsLong(row))) {
                        ready = row;
                        stalePages = 0;
                    }
                } else if (next == null) {
                    return false;
                } else if (stalePages >= MOST_STALE_PAGES) {
                    throw new DbtCloudException(
                            new CallFailure.Unclear("dbt Cloud listed the same rows again, page after page."));
                } else {
                    stalePages++;
                    Page<T> read = page(next, (int) Math.min(LARGEST_PAGE, limit - given));
                    page = read.rows().iterator();
                    next = read.next();
                }
            }
            return ready != null;
        }

        T take() {
            T row = Objects.requireNonNull(ready);
            ready = null;
            given++;
            return row;
        }

        @Override
        public boolean hasNext() {
            try {
                return advance();
            } catch (DbtCloudException e) {
                throw new UncheckedDbtCloudException(e);
            }
        }

        @Override
        public T next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            return take();
        }
    }
}

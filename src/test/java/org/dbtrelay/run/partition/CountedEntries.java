package org.dbtrelay.run.partition;

import java.util.AbstractCollection;
import java.util.Collection;
import java.util.Iterator;
import java.util.concurrent.ConcurrentHashMap;
import org.dbtrelay.run.state.RunEntry;

/** Entries that count how often one of them is read, one by one or in a walk over all. */
public final class CountedEntries extends ConcurrentHashMap<String, RunEntry> {

    private static final long serialVersionUID = 1L;

    public int reads;

    @Override
    public RunEntry get(Object id) {
        reads++;
        return super.get(id);
    }

    @Override
    public Collection<RunEntry> values() {
        Collection<RunEntry> all = super.values();
        return new AbstractCollection<>() {
            @Override
            public Iterator<RunEntry> iterator() {
                Iterator<RunEntry> each = all.iterator();
                return new Iterator<>() {
                    @Override
                    public boolean hasNext() {
                        return each.hasNext();
                    }

                    @Override
                    public RunEntry next() {
                        reads++;
                        return each.next();
                    }
                };
            }

            @Override
            public int size() {
                return all.size();
            }
        };
    }
}

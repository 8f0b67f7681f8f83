package org.dbtrelay.dbtcloud.resources;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.run.job.CallFailure;
import org.jspecify.annotations.Nullable;

/**
 * What is read from dbt Cloud beside all else. Asking for a value sends nothing and waits for nothing: it is answered from what was read
 * before, and notes that it is wanted. {@link #refresh} reads what is due. A value that cannot be read leaves what was known. Safe for use
 * from several threads.
 *
 * @param <K> what can be wanted
 * @param <V> what is read of it
 */
final class Wanted<K, V> {

    /** After so long what could not be read is tried again. */
    static final Duration TRY_AGAIN = Duration.ofMinutes(1);

    /** What nobody has wanted for so long is forgotten. */
    static final Duration UNUSED = Duration.ofHours(1);

    /** Reads a value and tells the log what fails. */
    interface Reader<K, V> {
        V read(K key) throws DbtCloudException;

        void failed(K key, CallFailure failure);
    }

    private static final class Place<V> {
        private volatile @Nullable V value;
        private volatile boolean settled;
        private volatile Instant wanted;
        private volatile Instant due;

        Place(Instant now) {
            this.wanted = now;
            this.due = now;
        }
    }

    private final int most;
    private final Duration lasts;
    private final ToLongFunction<K> account;
    private final Reader<K, V> reader;
    private final Clock clock;
    private final Map<K, Place<V>> known = new ConcurrentHashMap<>();

    /**
     * Knows nothing yet.
     *
     * @param most of more nothing is known
     * @param lasts for so long a value is not read again, nor what dbt Cloud has denied
     */
    Wanted(int most, Duration lasts, ToLongFunction<K> account, Reader<K, V> reader, Clock clock) {
        this.most = most;
        this.lasts = lasts;
        this.account = account;
        this.reader = reader;
        this.clock = clock;
    }

    /** Null as long as it is not read. */
    @Nullable
    V value(K key) {
        @Nullable Place<V> place = wanted(key);
        return place == null ? null : place.value;
    }

    /** Whether waiting for the value is of no use: it was read, dbt Cloud has denied it, or too much is wanted. */
    boolean isSettled(K key) {
        @Nullable Place<V> place = wanted(key);
        return place == null || place.settled;
    }

    /** Null if there is no place for it. */
    private @Nullable Place<V> wanted(K key) {
        Instant now = clock.instant();
        Place<V> place = known.get(key);
        if (place == null) {
            if (known.size() >= most) {
                return null;
            }
            place = known.computeIfAbsent(key, _ -> new Place<>(now));
        }
        place.wanted = now;
        return place;
    }

    /** The accounts that have something to read now. */
    Set<Long> due() {
        Instant now = clock.instant();
        known.values().removeIf(place -> !place.wanted.plus(UNUSED).isAfter(now));
        return known.entrySet().stream()
                .filter(each -> isDue(each.getValue(), now))
                .map(each -> account.applyAsLong(each.getKey()))
                .collect(Collectors.toUnmodifiableSet());
    }

    /** Reads what is due of an account, one after another; blocks. */
    void refresh(long accountId) {
        known.forEach((key, place) -> {
            if (account.applyAsLong(key) == accountId && isDue(place, clock.instant())) {
                read(key, place);
            }
        });
    }

    private static boolean isDue(Place<?> place, Instant now) {
        return !place.due.isAfter(now);
    }

    private void read(K key, Place<V> place) {
        // Before the call: an internal error must not repeat with each tick.
        place.due = clock.instant().plus(TRY_AGAIN);
        try {
            place.value = reader.read(key);
            place.settled = true;
            place.due = clock.instant().plus(lasts);
        } catch (DbtCloudException e) {
            boolean isDenied = isDenied(e.failure());
            place.settled |= isDenied;
            place.due = clock.instant().plus(isDenied ? lasts : TRY_AGAIN);
            reader.failed(key, e.failure());
        }
    }

    /** A permission that is missing does not come back within a minute. */
    private static boolean isDenied(CallFailure failure) {
        return switch (failure) {
            case CallFailure.NotFound _, CallFailure.Refused _ -> true;
            case CallFailure.Suspended suspended -> suspended.status() == 403;
            case CallFailure.NotSent _, CallFailure.Limited _, CallFailure.Unclear _ -> false;
        };
    }
}

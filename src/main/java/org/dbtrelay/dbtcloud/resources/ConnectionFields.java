package org.dbtrelay.dbtcloud.resources;

import static org.dbtrelay.metrics.RelayLog.pair;

import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.http.ApiCalls;
import org.dbtrelay.dbtcloud.http.Envelope;
import org.dbtrelay.dbtcloud.http.ReadRetries;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.job.CallFailure;
import org.jspecify.annotations.Nullable;

/**
 * Which databases connections lead to, where an environment shows only the id of its connection. Each is read once in {@link #LASTS}, and
 * one that the token may not read is not asked for sooner either.
 */
final class ConnectionFields {

    private static final RelayLog LOG = RelayLog.of(ConnectionFields.class);

    /** For so long a connection is not read again. */
    static final Duration LASTS = Duration.ofHours(1);

    /** Of further connections nothing is known. */
    static final int MOST = 500;

    private record Key(long accountId, long connectionId) {}

    private final ApiCalls calls;
    private final ReadRetries once;
    private final Wanted<Key, Map<String, String>> known;

    /** Those of which the log has told that they cannot be read. */
    private final Set<Key> told = ConcurrentHashMap.newKeySet();

    ConnectionFields(ApiCalls calls, Clock clock, Monotonic monotonic) {
        this.calls = calls;
        this.once = ReadRetries.none(monotonic);
        this.known = new Wanted<>(MOST, LASTS, Key::accountId, new Reading(), clock);
    }

    /** The fields that say which database it is; empty until they were read, or dbt Cloud has denied them. */
    Optional<Map<String, String>> of(long accountId, long connectionId) {
        Key key = new Key(accountId, connectionId);
        @Nullable Map<String, String> fields = known.value(key);
        return fields != null ? Optional.of(fields) : known.isSettled(key) ? Optional.of(Map.of()) : Optional.empty();
    }

    Set<Long> due() {
        return known.due();
    }

    void refresh(long accountId) {
        known.refresh(accountId);
    }

    private final class Reading implements Wanted.Reader<Key, Map<String, String>> {

        @Override
        public Map<String, String> read(Key key) throws DbtCloudException {
            Map<String, String> fields = once.get(() -> calls.get(
                    key.accountId(),
                    Priority.SWEEP,
                    api -> api.connection(key.accountId(), key.connectionId()),
                    body -> EnvironmentSource.fields(Envelope.read(body).object())));
            told.remove(key);
            return fields;
        }

        @Override
        public void failed(Key key, CallFailure failure) {
            if (told.size() < MOST && told.add(key)) {
                LOG.info(
                        "A connection in dbt Cloud could not be read; the names of its tables lack its host",
                        pair(LogKey.ACCOUNT_ID, key.accountId()),
                        pair(LogKey.CONNECTION_ID, key.connectionId()),
                        pair(LogKey.DETAIL, failure.detail()));
            }
        }
    }
}

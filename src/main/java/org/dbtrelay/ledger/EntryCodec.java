package org.dbtrelay.ledger;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.io.IOException;
import org.dbtrelay.run.JobRunStatus;
import org.dbtrelay.run.JobSelector;
import org.dbtrelay.run.RunEntry;
import org.dbtrelay.run.RunState;
import org.jspecify.annotations.Nullable;

/**
 * Entries and positions as the bytes of ledger records: versioned JSON. The names of the fields are the names of the
 * components of {@link RunEntry} and what hangs on it, so renaming one of those is a new version.
 */
public final class EntryCodec {

    private static final int VERSION = 1;

    private static final JsonMapper JSON = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .defaultPropertyInclusion(
                    JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.NON_NULL))
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS, SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .addMixIn(RunState.class, StateMixin.class)
            .addMixIn(JobSelector.class, SelectorMixin.class)
            .addMixIn(JobRunStatus.class, StatusMixin.class)
            .build();

    private static final ObjectWriter WRITE = JSON.writer();

    private EntryCodec() {}

    /** The bytes of an entry. */
    public static byte[] write(RunEntry entry) {
        return bytes(new VersionedEntry(VERSION, entry));
    }

    /** The bytes of a position. */
    public static byte[] write(Position position) {
        return bytes(new VersionedPosition(VERSION, position));
    }

    /**
     * The entry in the bytes.
     *
     * @throws LedgerException if they are none of a version that this build knows
     */
    public static RunEntry readEntry(byte[] bytes) throws LedgerException {
        VersionedEntry read = read(VersionedEntry.class, bytes);
        checkVersion(read.v());
        return present(read.entry());
    }

    /**
     * The position in the bytes.
     *
     * @throws LedgerException as {@link #readEntry}
     */
    public static Position readPosition(byte[] bytes) throws LedgerException {
        VersionedPosition read = read(VersionedPosition.class, bytes);
        checkVersion(read.v());
        return present(read.position());
    }

    private static <T> T present(@Nullable T value) throws LedgerException {
        if (value == null) {
            throw new LedgerException(LedgerException.Kind.DEGRADED, "a ledger record that cannot be read");
        }
        return value;
    }

    private static void checkVersion(int version) throws LedgerException {
        if (version != VERSION) {
            throw new LedgerException(
                    LedgerException.Kind.DEGRADED,
                    "a ledger record of version " + version + "; this build knows version " + VERSION);
        }
    }

    private static byte[] bytes(Object value) {
        try {
            return WRITE.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a ledger record that cannot be written", e);
        }
    }

    private static <T> T read(Class<T> type, byte[] bytes) throws LedgerException {
        try {
            return JSON.readValue(bytes, type);
        } catch (IOException e) {
            // Another version may have another shape: then that is what has to be said.
            checkVersion(versionOf(bytes));
            throw new LedgerException(LedgerException.Kind.DEGRADED, "a ledger record that cannot be read", e);
        }
    }

    private static int versionOf(byte[] bytes) {
        try {
            return JSON.readTree(bytes).path("v").asInt(VERSION);
        } catch (IOException e) {
            return VERSION;
        }
    }

    private record VersionedEntry(int v, @Nullable RunEntry entry) {}

    private record VersionedPosition(int v, @Nullable Position position) {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "state")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = RunState.Waiting.class, name = "waiting"),
        @JsonSubTypes.Type(value = RunState.Starting.class, name = "starting"),
        @JsonSubTypes.Type(value = RunState.Looking.class, name = "looking"),
        @JsonSubTypes.Type(value = RunState.Following.class, name = "following"),
        @JsonSubTypes.Type(value = RunState.Cancelling.class, name = "cancelling"),
        @JsonSubTypes.Type(value = RunState.Collecting.class, name = "collecting"),
        @JsonSubTypes.Type(value = RunState.Finished.class, name = "finished")
    })
    private interface StateMixin {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "by")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = JobSelector.ById.class, name = "id"),
        @JsonSubTypes.Type(value = JobSelector.ByNames.class, name = "names")
    })
    private interface SelectorMixin {}

    private abstract static class StatusMixin {
        @JsonValue
        abstract int code();

        @JsonCreator
        static JobRunStatus of(int code) {
            return JobRunStatus.of(code);
        }
    }
}

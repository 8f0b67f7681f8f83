package org.dbtrelay.ledger.entry;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.deser.std.NumberDeserializers.LongDeserializer;
import com.fasterxml.jackson.databind.deser.std.StringDeserializer;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import com.fasterxml.jackson.datatype.jsr310.deser.DurationDeserializer;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import org.dbtrelay.run.command.ArtifactWish;
import org.dbtrelay.run.command.CommandHash;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.RunSelector;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.observe.ObserveCursor;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.StartCall;
import org.jspecify.annotations.Nullable;

/**
 * Entries, positions and cursors as the bytes of ledger records: versioned JSON. The names of the fields are the names of the
 * components of {@link RunEntry} and what hangs on it, so renaming one of those is a new version.
 */
public final class EntryCodec {

    /** The version of the format. A record of any other is not read: the partition is degraded, and says so. */
    public static final int VERSION = 1;

    private static final JsonMapper JSON = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .addModule(new SimpleModule("ledger")
                    .addDeserializer(Instant.class, new InstantReader())
                    .addSerializer(ArtifactWish.class, new ArtifactWishJson.Writer())
                    .addDeserializer(
                            ArtifactWish.class, new RecentValues<>(ArtifactWish.class, new ArtifactWishJson.Reader()))
                    .addDeserializer(String.class, new RecentValues<>(String.class, StringDeserializer.instance))
                    .addDeserializer(Duration.class, new RecentValues<>(Duration.class, DurationDeserializer.INSTANCE))
                    .addDeserializer(
                            Long.class, new RecentValues<>(Long.class, new LongDeserializer(Long.class, null))))
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .defaultPropertyInclusion(
                    JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.NON_NULL))
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS, SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .addMixIn(RunState.class, StateMixin.class)
            .addMixIn(RunState.Finished.class, FinishedMixin.class)
            .addMixIn(RunState.Searching.class, SearchingMixin.class)
            .addMixIn(Task.class, TaskMixin.class)
            .addMixIn(StartCall.class, CallMixin.class)
            .addMixIn(JobSelector.class, SelectorMixin.class)
            .addMixIn(RunSelector.class, RunSelectorMixin.class)
            .addMixIn(JobRunStatus.class, StatusMixin.class)
            .addMixIn(CommandHash.class, HashMixin.class)
            .build();

    private static final ObjectWriter WRITE = JSON.writer();
    private static final ObjectReader READ_ENTRY = JSON.readerFor(VersionedEntry.class);
    private static final ObjectReader READ_CURSOR = JSON.readerFor(VersionedCursor.class);
    private static final ObjectReader READ_POSITION = JSON.readerFor(VersionedPosition.class);

    private EntryCodec() {}

    /** The bytes of an entry. */
    public static byte[] write(RunEntry entry) {
        return bytes(new VersionedEntry(VERSION, entry));
    }

    /** The bytes of a position. */
    public static byte[] write(Position position) {
        return bytes(new VersionedPosition(VERSION, position));
    }

    /** The bytes of the cursor of an observed connection. */
    public static byte[] write(ObserveCursor cursor) {
        return bytes(new VersionedCursor(VERSION, cursor));
    }

    /**
     * The entry in the bytes.
     *
     * @throws LedgerException if they are none of a version that this build knows
     */
    public static RunEntry readEntry(byte[] bytes) throws LedgerException {
        try {
            VersionedEntry read = READ_ENTRY.readValue(bytes);
            if (read.v() == VERSION) {
                return present(read.entry());
            }
        } catch (IOException e) {
            checkVersion(versionOf(bytes));
            throw unreadable(e);
        }
        throw unknown(versionOf(bytes));
    }

    /**
     * The position in the bytes.
     *
     * @throws LedgerException as {@link #readEntry}
     */
    public static Position readPosition(byte[] bytes) throws LedgerException {
        checkVersion(versionOf(bytes));
        try {
            VersionedPosition read = READ_POSITION.readValue(bytes);
            return present(read.position());
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    /**
     * The cursor in the bytes.
     *
     * @throws LedgerException as {@link #readEntry}
     */
    public static ObserveCursor readCursor(byte[] bytes) throws LedgerException {
        checkVersion(versionOf(bytes));
        try {
            VersionedCursor read = READ_CURSOR.readValue(bytes);
            return present(read.cursor());
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private static <T> T present(@Nullable T value) throws LedgerException {
        if (value == null) {
            throw unreadable(null);
        }
        return value;
    }

    private static void checkVersion(int version) throws LedgerException {
        if (version != VERSION) {
            throw unknown(version);
        }
    }

    private static LedgerException unknown(int version) {
        return new LedgerException(
                LedgerException.Kind.DEGRADED,
                "a ledger record of version " + version + "; this build knows version " + VERSION);
    }

    private static LedgerException unreadable(@Nullable Throwable cause) {
        return new LedgerException(LedgerException.Kind.DEGRADED, "a ledger record that cannot be read", cause);
    }

    private static byte[] bytes(Object value) {
        try {
            return WRITE.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a ledger record that cannot be written", e);
        }
    }

    /** The version of a record; a record that is no JSON counts as one of this version, and fails as such. */
    private static int versionOf(byte[] bytes) {
        try {
            return JSON.readTree(bytes).path("v").asInt(VERSION);
        } catch (IOException e) {
            return VERSION;
        }
    }

    private record VersionedEntry(int v, @Nullable RunEntry entry) {}

    private record VersionedCursor(int v, @Nullable ObserveCursor cursor) {}

    private record VersionedPosition(int v, @Nullable Position position) {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "state")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = RunState.Waiting.class, name = "waiting"),
        @JsonSubTypes.Type(value = RunState.Starting.class, name = "starting"),
        @JsonSubTypes.Type(value = RunState.Searching.class, name = "looking"),
        @JsonSubTypes.Type(value = RunState.Following.class, name = "following"),
        @JsonSubTypes.Type(value = RunState.Cancelling.class, name = "cancelling"),
        @JsonSubTypes.Type(value = RunState.Judging.class, name = "judging"),
        @JsonSubTypes.Type(value = RunState.Retrying.class, name = "retrying"),
        @JsonSubTypes.Type(value = RunState.Joined.class, name = "joined"),
        @JsonSubTypes.Type(value = RunState.Collecting.class, name = "collecting"),
        @JsonSubTypes.Type(value = RunState.Finished.class, name = "finished")
    })
    private interface StateMixin {}

    private abstract static class FinishedMixin {
        @JsonCreator
        @SuppressWarnings("UnusedVariable")
        FinishedMixin(
                @JsonProperty("outcome") EventType outcome,
                @JsonProperty("reason") @Nullable String reason,
                @JsonProperty("run_id") @Nullable Long runId,
                @JsonProperty("at") Instant at,
                @JsonProperty("connection") @Nullable String connection,
                @JsonProperty("job_id") @Nullable Long jobId) {}

        @JsonProperty("outcome")
        abstract EventType outcome();

        @JsonProperty("reason")
        abstract @Nullable String reason();

        @JsonProperty("run_id")
        abstract @Nullable Long runId();

        @JsonProperty("at")
        abstract Instant at();

        @JsonProperty("connection")
        abstract @Nullable String connection();

        @JsonProperty("job_id")
        abstract @Nullable Long jobId();
    }

    /** The names in the ledger are older than those in the code. */
    private abstract static class SearchingMixin {
        @JsonProperty("looks")
        abstract int searches();

        @JsonProperty("next_look")
        abstract @Nullable Instant nextSearch();
    }

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "by")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = JobSelector.ById.class, name = "id"),
        @JsonSubTypes.Type(value = JobSelector.ByNames.class, name = "names")
    })
    private interface SelectorMixin {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "task")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = Task.Trigger.class, name = "trigger"),
        @JsonSubTypes.Type(value = Task.Retry.class, name = "retry"),
        @JsonSubTypes.Type(value = Task.Rerun.class, name = "rerun"),
        @JsonSubTypes.Type(value = Task.Cancel.class, name = "cancel"),
        @JsonSubTypes.Type(value = Task.Follow.class, name = "follow")
    })
    private interface TaskMixin {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "call")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = StartCall.Trigger.class, name = "trigger"),
        @JsonSubTypes.Type(value = StartCall.Retry.class, name = "retry")
    })
    private interface CallMixin {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "by")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = RunSelector.ById.class, name = "id"),
        @JsonSubTypes.Type(value = RunSelector.OfCommand.class, name = "command")
    })
    private interface RunSelectorMixin {}

    private abstract static class HashMixin {
        @Override
        @JsonValue
        public abstract String toString();

        @JsonCreator
        static CommandHash of(String hex) {
            return CommandHash.of(hex);
        }
    }

    private abstract static class StatusMixin {
        @JsonValue
        abstract int code();

        @JsonCreator
        static JobRunStatus of(int code) {
            return JobRunStatus.of(code);
        }
    }
}

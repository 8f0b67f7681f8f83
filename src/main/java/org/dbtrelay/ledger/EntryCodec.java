package org.dbtrelay.ledger;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonInclude;
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
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import com.fasterxml.jackson.datatype.jsr310.deser.DurationDeserializer;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import org.dbtrelay.run.ArtifactWish;
import org.dbtrelay.run.CommandHash;
import org.dbtrelay.run.JobRunStatus;
import org.dbtrelay.run.JobSelector;
import org.dbtrelay.run.RunEntry;
import org.dbtrelay.run.RunSelector;
import org.dbtrelay.run.RunState;
import org.dbtrelay.run.StartCall;
import org.dbtrelay.run.Task;
import org.jspecify.annotations.Nullable;

/**
 * Entries and positions as the bytes of ledger records: versioned JSON. The names of the fields are the names of the
 * components of {@link RunEntry} and what hangs on it, so renaming one of those is a new version. A build reads its own
 * version and the one before it, and can be told to write that one, so that it can be rolled back.
 */
public final class EntryCodec {

    /** What this build writes unless it is told otherwise. */
    public static final int VERSION = 3;

    /** What this build reads as well, and writes if it is told to. */
    public static final int VERSION_BEFORE = 2;

    private static final JsonMapper JSON = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .addModule(new SimpleModule("ledger")
                    .addDeserializer(Instant.class, new InstantReader())
                    .addSerializer(ArtifactWish.class, new WishJson.Writer())
                    .addDeserializer(ArtifactWish.class, new Shared<>(ArtifactWish.class, new WishJson.Reader()))
                    .addDeserializer(String.class, new Shared<>(String.class, StringDeserializer.instance))
                    .addDeserializer(Duration.class, new Shared<>(Duration.class, DurationDeserializer.INSTANCE))
                    .addDeserializer(Long.class, new Shared<>(Long.class, new LongDeserializer(Long.class, null))))
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .defaultPropertyInclusion(
                    JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.NON_NULL))
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS, SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .addMixIn(RunState.class, StateMixin.class)
            .addMixIn(Task.class, TaskMixin.class)
            .addMixIn(StartCall.class, CallMixin.class)
            .addMixIn(JobSelector.class, SelectorMixin.class)
            .addMixIn(RunSelector.class, RunSelectorMixin.class)
            .addMixIn(JobRunStatus.class, StatusMixin.class)
            .addMixIn(CommandHash.class, HashMixin.class)
            .build();

    private static final ObjectWriter WRITE = JSON.writer();
    private static final ObjectReader READ_ENTRY = JSON.readerFor(VersionedEntry.class);
    private static final ObjectReader READ_POSITION = JSON.readerFor(VersionedPosition.class);

    private EntryCodec() {}

    /**
     * The bytes of an entry.
     *
     * @param version {@link #VERSION}, or {@link #VERSION_BEFORE}, which is not obeyed for what it cannot hold: the entry of
     *     a command that was accepted before this version was asked for
     */
    public static byte[] write(RunEntry entry, int version) {
        if (version == VERSION || !VersionTwo.canHold(entry)) {
            return bytes(new VersionedEntry(VERSION, entry));
        }
        ObjectNode record = JSON.createObjectNode().put("v", VERSION_BEFORE);
        return bytes(record.set("entry", VersionTwo.toVersionTwo(JSON.valueToTree(entry))));
    }

    /**
     * The bytes of a position.
     *
     * @param version as in {@link #write(RunEntry, int)}
     */
    public static byte[] write(Position position, int version) {
        return bytes(new VersionedPosition(version, position));
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
            if (versionOf(bytes) == VERSION) {
                throw unreadable(e);
            }
        }
        return readEntryOfVersionBefore(bytes);
    }

    private static RunEntry readEntryOfVersionBefore(byte[] bytes) throws LedgerException {
        checkVersion(versionOf(bytes));
        try {
            if (!(JSON.readTree(bytes).path("entry") instanceof ObjectNode entry)) {
                throw unreadable(null);
            }
            return JSON.treeToValue(VersionTwo.fromVersionTwo(entry), RunEntry.class);
        } catch (IOException e) {
            throw unreadable(e);
        }
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

    private static <T> T present(@Nullable T value) throws LedgerException {
        if (value == null) {
            throw unreadable(null);
        }
        return value;
    }

    private static void checkVersion(int version) throws LedgerException {
        if (version != VERSION && version != VERSION_BEFORE) {
            throw new LedgerException(
                    LedgerException.Kind.DEGRADED,
                    "a ledger record of version " + version + "; this build knows the versions " + VERSION_BEFORE
                            + " and " + VERSION);
        }
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

    /** What cannot be read at all is taken for one of this version, and then fails as such. */
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

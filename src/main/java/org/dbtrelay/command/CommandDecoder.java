package org.dbtrelay.command;

import static org.dbtrelay.metrics.RelayLog.pair;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.Origin;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.event.DeadLetter;
import org.dbtrelay.run.event.DeadLetterReason;
import org.dbtrelay.run.state.RunEntry;
import org.jspecify.annotations.Nullable;

/**
 * Decodes the bytes of a record to a command. A record that is not a UTF-8 JSON object is dead-lettered. An object that breaks a rule is
 * a command that is rejected, with the field and the rule. An unknown field breaks a rule, because a typo must not run a job with the
 * wrong options.
 */
@Singleton
public class CommandDecoder {

    static final String INTERNAL_ERROR = "internal error while reading the record; the relay's log has the details";

    private static final RelayLog LOG = RelayLog.of(CommandDecoder.class);
    private static final int MAX_CONTEXT_BYTES = 8 * 1024;

    /** What the relay's own commands hold: command, command_id, connection, account_id and run_id. */
    private static final int OWN_FIELDS = 5;

    private final int maxSize;

    @Inject
    CommandDecoder(RelayConfig config) {
        this(config.commands().maxSize());
    }

    CommandDecoder(int maxSize) {
        this.maxSize = maxSize;
    }

    /**
     * Decodes a record of the commands topic. It never throws: an exception would end the channel, and the same record would be the first
     * one after the next start.
     */
    public Input.RecordInput decode(ConsumerRecord<byte[], byte[]> record) {
        String defaultId = Command.idOfPlace(record.topic(), record.partition(), record.offset(), record.timestamp());
        try {
            return decode(
                    record.value(),
                    EventHeaders.ofRecord(record.headers()),
                    defaultId,
                    Instant.ofEpochMilli(record.timestamp()),
                    record.offset(),
                    ownId(record));
        } catch (RuntimeException | StackOverflowError e) {
            LOG.error(
                    "Internal error: a record could not be read; it is dead-lettered",
                    e,
                    pair(LogKey.TOPIC, record.topic()),
                    pair(LogKey.PARTITION, record.partition()),
                    pair(LogKey.OFFSET, record.offset()));
            return unreadable(DeadLetterReason.MALFORMED, INTERNAL_ERROR);
        }
    }

    /**
     * Decodes the bytes of a command from any source.
     *
     * @param headers what came with them
     * @param defaultId its id if neither it nor its CloudEvent names one
     */
    public Input.RecordInput decode(
            byte @Nullable [] value, CommandHeaders headers, String defaultId, Instant recordTime) {
        return decode(value, headers, defaultId, recordTime, RunEntry.NO_OFFSET, null);
    }

    /** The id of a command that the relay itself has written; null: it has not. */
    private static @Nullable String ownId(ConsumerRecord<byte[], byte[]> record) {
        Header header = record.headers().lastHeader(Origin.HEADER);
        return header == null || header.value() == null ? null : new String(header.value(), StandardCharsets.UTF_8);
    }

    private Input.RecordInput decode(
            byte @Nullable [] value,
            CommandHeaders headers,
            String defaultId,
            Instant recordTime,
            long offset,
            @Nullable String ownId) {
        if (value == null) {
            return unreadable(
                    DeadLetterReason.MALFORMED, headers.carrier() + " has no value; a command is a JSON object");
        }
        if (value.length > maxSize) {
            return unreadable(
                    DeadLetterReason.TOO_LARGE,
                    headers.carrier() + " has " + value.length + " bytes; relay.commands.max-size is " + maxSize);
        }
        try {
            CommandEnvelope envelope = CommandEnvelope.open(value, headers);
            return new Input.CommandReceived(decode(envelope, defaultId, ownId), envelope.hash(), recordTime, offset);
        } catch (CommandJson.Malformed e) {
            return unreadable(DeadLetterReason.MALFORMED, e.getMessage());
        }
    }

    /**
     * The bytes of a command as they go on the topic: with its id in them, and without the CloudEvent that it came in.
     *
     * @param value what {@link #decode} has understood, to {@code commandId}
     */
    public byte[] plain(byte[] value, CommandHeaders headers, String commandId) {
        try {
            CommandEnvelope envelope = CommandEnvelope.open(value, headers);
            ObjectNode object = envelope.command();
            if (!envelope.isCloudEvent() && object.hasNonNull("command_id")) {
                return value;
            }
            object.put("command_id", commandId);
            return object.toString().getBytes(StandardCharsets.UTF_8);
        } catch (CommandJson.Malformed e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** Why the bytes that {@link #plain} gave would be put aside by the topic's reader; null if they would not. */
    public @Nullable String tooLarge(byte[] plain) {
        return plain.length <= maxSize
                ? null
                : "with its command_id the command has " + plain.length + " bytes; relay.commands.max-size is "
                        + maxSize;
    }

    private static Command decode(CommandEnvelope envelope, String defaultId, @Nullable String ownId) {
        ObjectNode object = envelope.command();
        Fields fields = new Fields(object);
        String id = defaultId;
        String word = "unknown";
        String connection = "default";
        @Nullable String context = null;
        @Nullable String fault = envelope.fault();
        try {
            id = id(object, fields, defaultId, ownId);
            context = context(fields);
            refuseEnvelope(object);
            Verb verb = verb(fields);
            word = verb.word();
            connection = orElse(fields.text("connection", 64), "default");
            if (fault == null) {
                KnownFields.check(object, verb);
                return new Command.Fit(
                        new Command.Head(
                                id,
                                connection,
                                fields.id("account_id"),
                                fields.time("expires_at"),
                                context,
                                envelope.trace()),
                        TaskFields.read(fields, verb, id),
                        OptionFields.read(fields));
            }
        } catch (BadField e) {
            fault = e.rule();
        }
        Command.Head head = new Command.Head(id, connection, null, null, context, envelope.trace());
        return new Command.Unfit(head, word, RejectReason.INVALID, fault);
    }

    /**
     * The ids of observed runs are the relay's own; with another's command under such an id the run would not be told of. So that command
     * is rejected under the default id. A header that was copied to another command does not fit its content, and a copy of the whole
     * record is known already.
     */
    private static String id(ObjectNode object, Fields fields, String defaultId, @Nullable String ownId)
            throws BadField {
        String id = orElse(fields.commandId("command_id", SelectorFields.LONGEST_COMMAND_ID), defaultId);
        if (Origin.of(id) == Origin.COMMAND) {
            return id;
        }
        @Nullable Long accountId = fields.id("account_id");
        @Nullable Long runId = fields.id("run_id");
        boolean isOwn = id.equals(ownId)
                && object.size() == OWN_FIELDS
                && object.path("command").asText().equals(Verb.FOLLOW.word())
                && accountId != null
                && runId != null
                && id.equals(Origin.idOf(accountId, runId));
        if (!isOwn) {
            throw new BadField(
                    "command_id",
                    "must not begin with " + Origin.PREFIX
                            + ", as only the ids of runs that the relay observes do; give the command another id");
        }
        return id;
    }

    /** The commonest slips: something that was put around the command on its way, and that the relay does not know. */
    private static void refuseEnvelope(ObjectNode object) throws BadField {
        if (object.has("command")) {
            return;
        }
        if (object.has("schema") && object.has("payload")) {
            throw new BadField(
                    "schema",
                    "is not a field of a command; schema and payload are written by Kafka Connect's JsonConverter; set"
                            + " schemas.enable=false for it");
        }
        for (Map.Entry<String, JsonNode> field : object.properties()) {
            if (field.getValue().path("command").isTextual()
                    && !KnownFields.names().contains(field.getKey())) {
                boolean event = field.getKey().equals("data") && object.has("source");
                throw new BadField(
                        Quoted.text(field.getKey()),
                        "is not a field of a command, but holds one; "
                                + (event ? "a CloudEvent needs its specversion" : "send what is in it by itself"));
            }
        }
    }

    private static Verb verb(Fields fields) throws BadField {
        @Nullable String word = fields.choice("command", Verb.words());
        @Nullable Verb verb = word == null ? null : Verb.of(word);
        if (verb == null) {
            throw new BadField("command", "must be given, as one of " + Verb.words());
        }
        return verb;
    }

    private static @Nullable String context(Fields fields) throws BadField {
        @Nullable JsonNode node = fields.node("context");
        if (node == null) {
            return null;
        }
        String text = node.toString();
        if (text.getBytes(StandardCharsets.UTF_8).length > MAX_CONTEXT_BYTES) {
            throw new BadField("context", "must not be larger than 8 KiB as compact JSON");
        }
        return text;
    }

    private static Input.RecordInput unreadable(DeadLetterReason reason, String message) {
        return new Input.NotACommand(new DeadLetter(reason, message));
    }

    private static String orElse(@Nullable String text, String otherwise) {
        return text == null ? otherwise : text;
    }
}

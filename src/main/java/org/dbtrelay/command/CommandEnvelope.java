package org.dbtrelay.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.dbtrelay.command.CommandJson.Malformed;
import org.dbtrelay.run.command.CommandHash;
import org.dbtrelay.run.command.TraceContext;
import org.jspecify.annotations.Nullable;

/**
 * A command out of what it came in: nothing, or a CloudEvent 1.0 in binary or structured mode, whose data it is then. It is read
 * with Jackson and not with the CloudEvents SDK, whose reader takes a name given twice, writes numbers anew and does not tell
 * which attribute is wrong.
 *
 * @param command with the id of the CloudEvent as {@code command_id} if it has none of its own
 * @param fault what is wrong with the CloudEvent, beginning with the attribute's name; null: nothing
 * @param trace the one that the headers name, else the one of the CloudEvent; null: none
 */
record CommandEnvelope(
        ObjectNode command,
        boolean isCloudEvent,
        @Nullable String fault,
        @Nullable TraceContext trace) {

    private static final String EVENT_FORMAT = "application/cloudevents";
    static final List<String> REQUIRED = List.of("specversion", "id", "source", "type");
    private static final int LONGEST_ATTRIBUTE = 2_048;
    private static final int LONGEST_ID = 128;

    /**
     * Opens it.
     *
     * @throws Malformed if there is no command in it, whatever else may be
     */
    static CommandEnvelope open(byte[] value, CommandHeaders headers) throws Malformed {
        @Nullable String ambiguity = headers.ambiguity();
        if (ambiguity != null) {
            throw new Malformed(ambiguity);
        }
        String mediaType = mediaType(headers.find("content-type"));
        if (isOfEvent(mediaType)) {
            if (!mediaType.equals(EVENT_FORMAT + "+json")) {
                boolean batch = mediaType.startsWith(EVENT_FORMAT + "-batch");
                throw new Malformed("content-type: '" + Quoted.text(mediaType) + "' is not read, only " + EVENT_FORMAT
                        + "+json" + (batch ? "; send each event of the batch by itself" : ""));
            }
            ObjectNode event = CommandJson.read(value, "the CloudEvent");
            mustBeTheSame(event, headers);
            return structured(event, headers);
        }
        if (REQUIRED.stream().anyMatch(name -> headers.find("ce_" + name) != null)) {
            ObjectNode command = CommandJson.read(value, "the data");
            if (isEvent(command)) {
                mustBeTheSame(command, headers);
                return structured(command, headers);
            }
            return binary(command, headers);
        }
        ObjectNode command = CommandJson.read(value, headers.carrier());
        return isEvent(command)
                ? structured(command, headers)
                : new CommandEnvelope(command, false, null, trace(headers, null, null));
    }

    /** Whether a content type says that the value is an event, or several. */
    static boolean isOfEvent(String contentType) {
        return mediaType(contentType).startsWith(EVENT_FORMAT);
    }

    /** An envelope sent by a tool that does not set the content type: no command has such a field. */
    private static boolean isEvent(ObjectNode object) {
        return object.has("specversion") && !object.has("command");
    }

    /** The headers may repeat what the envelope says; they must not name another event. */
    private static void mustBeTheSame(ObjectNode event, CommandHeaders headers) throws Malformed {
        for (String name : List.of("id", "source")) {
            @Nullable String header = headers.find("ce_" + name);
            if (header != null && !header.equals(event.path(name).textValue())) {
                throw new Malformed("ce_" + name + ": is '" + Quoted.text(header)
                        + "', but the CloudEvent in the value has " + (event.hasNonNull(name) ? "another " : "no ")
                        + name + "; send one CloudEvent, in one mode");
            }
        }
    }

    /** Over the command alone, so that it does not matter what it came in; a fault makes it another one. */
    CommandHash hash() {
        if (fault == null) {
            return CommandJson.hash(command);
        }
        // The rejection is remembered under the id. The same command in an envelope that has been mended must not be
        // taken
        // for its repetition and be passed over in silence.
        return CommandJson.hash(command.deepCopy().put("CloudEvent", fault));
    }

    private static CommandEnvelope structured(ObjectNode event, CommandHeaders headers) throws Malformed {
        return of(
                data(event),
                new Attributes(new Fields(event), "", "datacontenttype"),
                event.hasNonNull("data") && event.hasNonNull("data_base64"),
                trace(
                        headers,
                        event.path("traceparent").textValue(),
                        event.path("tracestate").textValue()));
    }

    private static ObjectNode data(ObjectNode event) throws Malformed {
        if (event.hasNonNull("data")) {
            if (event.get("data") instanceof ObjectNode command) {
                return command;
            }
            throw new Malformed("data: is no JSON object" + CommandJson.but(event.get("data")));
        }
        JsonNode base64 = event.path("data_base64");
        if (base64.isMissingNode() || base64.isNull()) {
            throw new Malformed("data: is missing; the command is the data");
        }
        if (!base64.isTextual()) {
            throw new Malformed("data_base64: is no string");
        }
        byte[] data;
        try {
            data = Base64.getDecoder().decode(base64.textValue());
        } catch (IllegalArgumentException e) {
            throw new Malformed("data_base64: is no Base64");
        }
        return CommandJson.read(data, "data_base64");
    }

    private static CommandEnvelope binary(ObjectNode command, CommandHeaders headers) {
        ObjectNode attributes = JsonNodeFactory.instance.objectNode();
        for (String name : REQUIRED) {
            attributes.put("ce_" + name, headers.find("ce_" + name));
        }
        attributes.put("content-type", headers.find("content-type"));
        return of(
                command,
                new Attributes(new Fields(attributes), "ce_", "content-type"),
                false,
                trace(headers, headers.find("ce_traceparent"), headers.find("ce_tracestate")));
    }

    private static CommandEnvelope of(
            ObjectNode command, Attributes attributes, boolean dataTwice, @Nullable TraceContext trace) {
        @Nullable String fault = dataTwice ? "data_base64: must not be given together with data" : attributes.fault();
        if (!command.hasNonNull("command_id")) {
            @Nullable String id = attributes.commandId();
            if (id != null) {
                command.put("command_id", id);
            }
        }
        return new CommandEnvelope(command, true, fault, trace);
    }

    /** The header is of the last hop, the extension of the event's origin: the header is the nearer parent. */
    private static @Nullable TraceContext trace(
            CommandHeaders headers, @Nullable String extension, @Nullable String itsState) {
        TraceContext header = TraceContext.of(headers.find("traceparent"), headers.find("tracestate"));
        return header == null ? TraceContext.of(extension, itsState) : header;
    }

    /** Lower case, without parameters; empty if there is none. */
    private static String mediaType(@Nullable String contentType) {
        if (contentType == null) {
            return "";
        }
        int end = contentType.indexOf(';');
        return (end < 0 ? contentType : contentType.substring(0, end)).strip().toLowerCase(Locale.ROOT);
    }

    /**
     * The attributes of a CloudEvent.
     *
     * @param prefix of their names
     * @param contentType the name of the one that tells the data's content type
     */
    private record Attributes(Fields fields, String prefix, String contentType) {

        /** The first thing that is wrong; null: nothing is. */
        @Nullable
        String fault() {
            try {
                if (!"1.0".equals(required("specversion"))) {
                    throw new BadField(prefix + "specversion", "must be 1.0");
                }
                id();
                source();
                required("type");
                String type = mediaType(fields.text(contentType, LONGEST_ATTRIBUTE));
                if (!type.isEmpty() && !type.endsWith("/json") && !type.endsWith("+json")) {
                    throw new BadField(contentType, "must be application/json; the data is a command, in JSON");
                }
                return null;
            } catch (BadField e) {
                return e.rule();
            }
        }

        /**
         * The id of a command that has none of its own; null if it cannot be told. A URI reference has no bar in it, so no two
         * events have the same one.
         */
        @Nullable
        String commandId() {
            try {
                String joined = source() + "|" + id();
                return joined.length() <= LONGEST_ID ? joined : "sha256:" + sha256(joined);
            } catch (BadField e) {
                return null;
            }
        }

        private String id() throws BadField {
            String id = required("id");
            if (id.chars().anyMatch(Character::isISOControl)) {
                throw new BadField(prefix + "id", "must have printable characters only");
            }
            return id;
        }

        private String source() throws BadField {
            String source = required("source");
            try {
                return new URI(source).toString();
            } catch (URISyntaxException e) {
                throw new BadField(prefix + "source", "must be a URI reference");
            }
        }

        private String required(String name) throws BadField {
            String text = fields.text(prefix + name, LONGEST_ATTRIBUTE);
            if (text == null) {
                throw new BadField(prefix + name, "must be given; every CloudEvent has it");
            }
            // A header that is not UTF-8 contains this character: two different ones could look the same.
            if (text.indexOf('\uFFFD') >= 0) {
                throw new BadField(prefix + name, "must be UTF-8");
            }
            if (!name.equals("id") && text.startsWith("\"") && text.endsWith("\"")) {
                throw new BadField(
                        prefix + name,
                        "stands in quotes; the producer writes headers as JSON, let it write plain text (Kafka Connect:"
                                + " header.converter=org.apache.kafka.connect.storage.StringConverter)");
            }
            return text;
        }

        private static String sha256(String text) {
            try {
                byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
                return HexFormat.of().formatHex(digest);
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every platform has SHA-256", e);
            }
        }
    }
}

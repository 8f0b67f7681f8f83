package org.dbtrelay.command;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Map;
import org.dbtrelay.run.CommandHash;

/** The JSON of commands: read strictly, and hashed regardless of the order of its fields. */
final class CommandJson {

    /** What is read here is written again, in events and in the ledger, by code that goes down as deep as the JSON does. */
    private static final int DEEPEST = 100;

    private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(DEEPEST)
                            .build())
                    .build())
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS, DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            // A context is echoed untouched: 2.50 stays 2.50.
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .build();

    private CommandJson() {}

    /** The bytes are no JSON object in UTF-8; the message says what is wrong with them. */
    static final class Malformed extends Exception {
        private static final long serialVersionUID = 1L;
        private final String fault;

        Malformed(String fault) {
            super(fault);
            this.fault = fault;
        }

        @Override
        public String getMessage() {
            return fault;
        }
    }

    /**
     * The object in the bytes.
     *
     * @param what they are, for the message
     */
    static ObjectNode read(byte[] value, String what) throws Malformed {
        try {
            // Jackson alone would guess UTF-16 and UTF-32 as well.
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(value))
                    .toString();
            JsonNode tree = JSON.readTree(text);
            if (!(tree instanceof ObjectNode object)) {
                throw new Malformed(what + " is no JSON object");
            }
            if (text.contains("\\u") && hasHalfCharacter(object)) {
                throw new Malformed(
                        what + " holds one half of a surrogate pair without the other, which is no character");
            }
            return object;
        } catch (CharacterCodingException e) {
            throw new Malformed(what + " is not UTF-8");
        } catch (NumberFormatException e) {
            // Jackson lets it through: an exponent of more digits than a BigDecimal can have.
            throw new Malformed(what + " holds a number that is out of all bounds");
        } catch (JsonProcessingException e) {
            throw new Malformed(what + " is no JSON: " + Shown.text(String.valueOf(e.getOriginalMessage()), 500));
        }
    }

    /** JSON's escapes can name one, UTF-8 cannot hold one: nothing that is made of it could be written. */
    private static boolean hasHalfCharacter(JsonNode node) {
        if (node.isTextual()) {
            return isBroken(node.textValue());
        }
        for (Map.Entry<String, JsonNode> field : node.properties()) {
            if (isBroken(field.getKey())) {
                return true;
            }
        }
        for (JsonNode child : node) {
            if (hasHalfCharacter(child)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isBroken(String text) {
        return text.codePoints()
                .anyMatch(point -> point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE);
    }

    /** 128 bits over the content. */
    static CommandHash hash(ObjectNode object) {
        try {
            byte[] canonical = JSON.writeValueAsBytes(JSON.treeToValue(object, Object.class));
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(canonical);
            ByteBuffer bits = ByteBuffer.wrap(digest);
            return new CommandHash(bits.getLong(), bits.getLong());
        } catch (JsonProcessingException | NoSuchAlgorithmException e) {
            throw new IllegalStateException("a tree that was read can be written, and every platform has SHA-256", e);
        }
    }
}

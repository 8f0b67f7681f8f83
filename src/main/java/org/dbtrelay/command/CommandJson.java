package org.dbtrelay.command;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
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
import java.util.Base64;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dbtrelay.run.command.CommandHash;
import org.jspecify.annotations.Nullable;

/** The JSON of commands: read strictly, and hashed regardless of the order of its fields. */
final class CommandJson {

    /** The deepest nesting. Events and the ledger repeat this JSON, by code that recurses as deep as the JSON does. */
    private static final int DEEPEST = 100;

    /** Names of Jackson's own begin here. */
    private static final Pattern INNER_WORD = Pattern.compile("\\[Source|`|Feature|Constraints");

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
        @Nullable String foreign = Encodings.foreign(value);
        if (foreign != null) {
            throw new Malformed(what + " " + foreign);
        }
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(value))
                    .toString();
            if (text.isBlank()) {
                throw new Malformed(what + " is empty; a command is a JSON object");
            }
            JsonNode tree = JSON.readTree(text);
            if (!(tree instanceof ObjectNode object)) {
                throw new Malformed(what + " is no JSON object" + but(tree));
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
            throw new Malformed(what + " is no JSON: " + Quoted.text(words(e), 500));
        }
    }

    /** Names the kind of a value that should have been an object, and the remedy where it is known. */
    static String but(JsonNode tree) {
        String kind = " but " + Quoted.kind(tree);
        if (tree.isArray()) {
            return kind + "; send each command by itself";
        }
        if (!tree.isTextual()) {
            return kind;
        }
        String text = tree.textValue().strip();
        if (text.startsWith("{")) {
            return kind + " that holds one: it was made JSON twice; send the object itself";
        }
        return isObject(text) ? kind + " that holds one in Base64; send the object itself" : kind;
    }

    private static boolean isObject(String base64) {
        try {
            byte[] bytes = Base64.getDecoder().decode(base64);
            return bytes.length > 0 && bytes[0] == '{';
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** Without what is of interest only to those who can set Jackson's options. */
    private static String words(JsonProcessingException e) {
        String told = String.valueOf(e.getOriginalMessage());
        String words = told;
        Matcher inner = INNER_WORD.matcher(told);
        if (e instanceof StreamConstraintsException) {
            words = told.contains("nesting depth")
                    ? "lists and objects stand more than " + DEEPEST + " deep in one another"
                    : told.contains("umber") ? "a number has more than 1000 digits" : "a name or a string is too long";
        } else if (told.startsWith("Trailing token")) {
            words = "there is more behind the object";
        } else if (inner.find()) {
            int end = Math.max(1, inner.start());
            while (end > 1 && "(:;,".indexOf(told.charAt(end - 1)) < 0) {
                end--;
            }
            words = told.substring(0, end - 1).strip();
        }
        JsonLocation at = e.getLocation();
        return at == null ? words : words + " (line " + at.getLineNr() + ", column " + at.getColumnNr() + ")";
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

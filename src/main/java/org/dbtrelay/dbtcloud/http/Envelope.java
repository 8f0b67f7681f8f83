package org.dbtrelay.dbtcloud.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The wrapper of dbt Cloud's answers. Of its {@code status} only {@code is_success} counts, and only if it is false: its code
 * can differ from the HTTP status, and some v3 answers have less or none of it.
 *
 * @param data the answer itself, missing or null where there is none
 * @param totalCount rows of all pages of a list; null where the answer does not tell
 */
public record Envelope(JsonNode data, @Nullable Integer totalCount) {

    /**
     * Reads every answer: fields come and go, so unknown ones are ignored. Each call has a virtual thread of its own, for which a buffer in
     * a thread-local would be made anew.
     */
    public static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .recyclerPool(JsonRecyclerPools.sharedConcurrentDequePool())
                    .build())
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** An answer with a good status that makes no sense. The message holds nothing of the body. */
    public static final class UnreadableAnswer extends IOException {
        private static final long serialVersionUID = 1L;

        /** {@code message} tells what dbt Cloud sent, as the end of a sentence. */
        public UnreadableAnswer(String message) {
            super(message);
        }
    }

    /**
     * Reads an answer.
     *
     * @throws UnreadableAnswer if it is empty, no JSON or no JSON object, or if it says of itself that it is no success: its data,
     *     an empty list say, must not be taken for the truth
     * @throws BoundedStream.TooLarge if it is larger than any answer that makes sense
     */
    public static Envelope read(InputStream body) throws IOException {
        JsonNode root = parse(body);
        if (root.isMissingNode()) {
            throw new UnreadableAnswer("an empty body");
        }
        if (!(root instanceof ObjectNode)) {
            throw new UnreadableAnswer("JSON that is no object");
        }
        JsonNode success = root.path("status").path("is_success");
        if (success.isBoolean() && !success.booleanValue()) {
            throw new UnreadableAnswer("is_success false");
        }
        JsonNode total = root.path("extra").path("pagination").path("total_count");
        return new Envelope(root.path("data"), total.canConvertToInt() ? total.intValue() : null);
    }

    private static JsonNode parse(InputStream body) throws IOException {
        try {
            return JSON.readTree(new BoundedStream(body));
        } catch (JsonProcessingException e) {
            throw new UnreadableAnswer("a body that is no JSON");
        }
    }

    /**
     * The rows of a list.
     *
     * @throws UnreadableAnswer if the data is no list
     */
    public List<JsonNode> rows() throws UnreadableAnswer {
        List<JsonNode> rows = new ArrayList<>();
        asList().data().forEach(rows::add);
        return rows;
    }

    /**
     * The same, if its data is a list.
     *
     * @throws UnreadableAnswer if not
     */
    public Envelope asList() throws UnreadableAnswer {
        if (!data.isArray()) {
            throw new UnreadableAnswer("a list without rows");
        }
        return this;
    }

    /** Whether a page of a list of at most {@code limit} rows, of which {@code before} came earlier, is the last. */
    public boolean isLastPage(int before, int limit) {
        int rows = data.size();
        return rows == 0 || (totalCount == null ? rows < limit : before + rows >= totalCount);
    }

    /**
     * The one resource of an answer.
     *
     * @throws UnreadableAnswer if the data is no object
     */
    public ObjectNode object() throws UnreadableAnswer {
        if (data instanceof ObjectNode row) {
            return row;
        }
        throw new UnreadableAnswer("an answer without data");
    }

    /**
     * Something on the way may answer with what it has kept of another request.
     *
     * @param kind what both ids are of
     * @throws UnreadableAnswer if the answer is about another one than was asked for
     */
    public static void mustBe(long asked, long answered, String kind) throws UnreadableAnswer {
        if (answered != asked) {
            throw new UnreadableAnswer("another " + kind + " than the one that was asked for");
        }
    }

    /** One node as a wire record. */
    public static <T> T convert(JsonNode node, Class<T> type) throws UnreadableAnswer {
        try {
            return JSON.treeToValue(node, type);
        } catch (JsonProcessingException e) {
            throw new UnreadableAnswer("data of another shape than " + type.getSimpleName());
        }
    }
}

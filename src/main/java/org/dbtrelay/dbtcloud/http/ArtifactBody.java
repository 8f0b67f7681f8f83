package org.dbtrelay.dbtcloud.http;

import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.OptionalLong;
import org.dbtrelay.dbtcloud.budget.RequestBudget;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of an artifact while they come in: what is not read is not fetched ahead, so an artifact of any size takes
 * little memory. It holds a request slot until it is closed.
 */
public final class ArtifactBody implements AutoCloseable {

    private final Response response;
    private final InputStream stream;
    private final RequestBudget.Permit permit;

    private ArtifactBody(Response response, InputStream stream, RequestBudget.Permit permit) {
        this.response = response;
        this.stream = stream;
        this.permit = permit;
    }

    /** Throws {@link Envelope.UnreadableAnswer} if nobody can tell its bytes. */
    static ArtifactBody of(Response response, RequestBudget.Permit permit) throws IOException {
        InputStream body = Objects.requireNonNullElse(ResponseReader.body(response), InputStream.nullInputStream());
        return new ArtifactBody(response, UnpackedStream.of(body, encoding(response)), permit);
    }

    private static @Nullable String encoding(Response response) {
        return response.getHeaderString(HttpHeaders.CONTENT_ENCODING);
    }

    /**
     * The bytes, unpacked if they came packed. An {@link IOException} while reading means that the connection broke, or was silent for the REST client's
     * 100 seconds: the artifact has to be fetched anew.
     */
    public InputStream stream() {
        return stream;
    }

    /** The {@code Content-Type}, if dbt Cloud gave one. */
    public @Nullable String contentType() {
        return response.getHeaderString(HttpHeaders.CONTENT_TYPE);
    }

    /** Whether it is a page of HTML. */
    public boolean isPage() {
        return ResponseReader.isPage(response);
    }

    /** The size in bytes; empty if dbt Cloud did not tell beforehand, or only that of the packed bytes. */
    public OptionalLong contentLength() {
        String length = response.getHeaderString(HttpHeaders.CONTENT_LENGTH);
        return length != null && !UnpackedStream.isPacked(encoding(response)) && length.matches("\\d{1,18}")
                ? OptionalLong.of(Long.parseLong(length))
                : OptionalLong.empty();
    }

    /** Gives connection and slot back. Before the end of the stream, it breaks the connection: the rest is not fetched. */
    @Override
    public void close() throws IOException {
        try (RequestBudget.Permit _ = permit) {
            stream.close();
        } finally {
            response.close();
        }
    }
}

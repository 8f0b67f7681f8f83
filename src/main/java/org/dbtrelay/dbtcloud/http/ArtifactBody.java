package org.dbtrelay.dbtcloud.http;

import jakarta.ws.rs.core.HttpHeaders;
import java.io.IOException;
import java.io.InputStream;
import java.util.OptionalLong;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of an artifact while they come in: what is not read is not fetched ahead, so an artifact of any size takes
 * little memory. It holds a request slot until it is closed.
 */
public final class ArtifactBody implements AutoCloseable {

    private final Answered answered;
    private final InputStream stream;

    private ArtifactBody(Answered answered, InputStream stream) {
        this.answered = answered;
        this.stream = stream;
    }

    /** Throws {@link Envelope.UnreadableAnswer} if nobody can tell its bytes. */
    static ArtifactBody of(Answered answered) throws IOException {
        RestResponse<InputStream> response = answered.response();
        return new ArtifactBody(answered, UnpackedStream.of(ResponseReader.body(response), encoding(response)));
    }

    private static @Nullable String encoding(RestResponse<InputStream> response) {
        return response.getHeaderString(HttpHeaders.CONTENT_ENCODING);
    }

    /**
     * The bytes, unpacked if they came packed. An {@link IOException} while reading means that the connection broke, was silent
     * for the REST client's 100 seconds, or dripped: the artifact has to be fetched anew.
     */
    public InputStream stream() {
        return stream;
    }

    /** As {@link #stream}, for those who read it to its end and keep little: behind so many bytes it fails. */
    public InputStream upTo(int bytes) {
        return new BoundedStream(stream, bytes);
    }

    /** The {@code Content-Type}, if dbt Cloud gave one. */
    public @Nullable String contentType() {
        return answered.response().getHeaderString(HttpHeaders.CONTENT_TYPE);
    }

    /** Whether it is a page of HTML. */
    public boolean isPage() {
        return ResponseReader.isPage(answered.response());
    }

    /** The size in bytes; empty if dbt Cloud did not tell beforehand, or only that of the packed bytes. */
    public OptionalLong contentLength() {
        RestResponse<InputStream> response = answered.response();
        String length = response.getHeaderString(HttpHeaders.CONTENT_LENGTH);
        return length != null && !UnpackedStream.isPacked(encoding(response)) && length.matches("\\d{1,18}")
                ? OptionalLong.of(Long.parseLong(length))
                : OptionalLong.empty();
    }

    /** Gives connection and slot back. Before the end of the stream, it breaks the connection: the rest is not fetched. */
    @Override
    public void close() throws IOException {
        try (Answered _ = answered) {
            stream.close();
        }
    }
}

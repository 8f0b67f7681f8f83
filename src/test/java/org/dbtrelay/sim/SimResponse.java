package org.dbtrelay.sim;

import jakarta.ws.rs.core.EntityTag;
import jakarta.ws.rs.core.GenericType;
import jakarta.ws.rs.core.Link;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.core.NewCookie;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.StatusType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.lang.annotation.Annotation;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Date;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jboss.resteasy.reactive.RestResponse;

/** An answer of the simulated dbt Cloud: status, headers, and a body that can be read as a stream. */
public final class SimResponse extends RestResponse<InputStream> {

    private final int status;
    private final String contentType;
    private final String retryAfter;
    private final byte[] body;
    private final String location;
    private boolean breaksOff;

    private static final class Broken extends InputStream {
        @Override
        public int read() throws IOException {
            throw new IOException("the connection breaks");
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            return read();
        }
    }

    SimResponse(int status, String contentType, String retryAfter, String body) {
        this(status, contentType, retryAfter, body, null);
    }

    private SimResponse(int status, String contentType, String retryAfter, String body, String location) {
        this.status = status;
        this.contentType = contentType;
        this.retryAfter = retryAfter;
        this.body = body == null ? null : body.getBytes(StandardCharsets.UTF_8);
        this.location = location;
    }

    /** A redirect. */
    static SimResponse moved(int status, String location) {
        return new SimResponse(status, "text/html", null, "", location);
    }

    /** The same with other words in its body. */
    SimResponse bent(String... pairs) {
        String text = new String(body, StandardCharsets.UTF_8);
        for (int i = 0; i < pairs.length; i += 2) {
            text = text.replace(pairs[i], pairs[i + 1]);
        }
        return new SimResponse(status, contentType, retryAfter, text);
    }

    /** An answer with a JSON body. */
    public static SimResponse json(int status, String body) {
        return new SimResponse(status, "application/json", null, body);
    }

    /** An answer with a JSON body whose connection breaks behind these bytes. */
    public static SimResponse breakingOff(String body) {
        SimResponse response = json(200, body);
        response.breaksOff = true;
        return response;
    }

    /** An error in dbt Cloud's words. */
    public static SimResponse error(int status, String message) {
        return json(
                status,
                "{\"status\":{\"code\":" + status + ",\"is_success\":false,\"user_message\":\"" + message
                        + "\",\"developer_message\":\"\"},\"data\":null}");
    }

    @Override
    public int getStatus() {
        return status;
    }

    @Override
    public boolean hasEntity() {
        return body != null;
    }

    @Override
    public InputStream getEntity() {
        if (body == null) {
            return null;
        }
        InputStream whole = new ByteArrayInputStream(body);
        return breaksOff ? new SequenceInputStream(whole, new Broken()) : whole;
    }

    @Override
    public String getHeaderString(String name) {
        return switch (name) {
            case "Content-Type" -> contentType;
            case "Retry-After" -> retryAfter;
            case "Location" -> location;
            default -> null;
        };
    }

    @Override
    public void close() {
        // There is no connection to give back.
    }

    @Override
    public StatusType getStatusInfo() {
        throw new UnsupportedOperationException();
    }

    @Override
    public <T> T readEntity(Class<T> type) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Response toResponse() {
        throw new UnsupportedOperationException();
    }

    @Override
    public <T> T readEntity(GenericType<T> type) {
        throw new UnsupportedOperationException();
    }

    @Override
    public <T> T readEntity(Class<T> type, Annotation[] annotations) {
        throw new UnsupportedOperationException();
    }

    @Override
    public <T> T readEntity(GenericType<T> type, Annotation[] annotations) {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean bufferEntity() {
        throw new UnsupportedOperationException();
    }

    @Override
    public MediaType getMediaType() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Locale getLanguage() {
        throw new UnsupportedOperationException();
    }

    @Override
    public int getLength() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Set<String> getAllowedMethods() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Map<String, NewCookie> getCookies() {
        throw new UnsupportedOperationException();
    }

    @Override
    public EntityTag getEntityTag() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Date getDate() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Date getLastModified() {
        throw new UnsupportedOperationException();
    }

    @Override
    public URI getLocation() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Set<Link> getLinks() {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean hasLink(String relation) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Link getLink(String relation) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Link.Builder getLinkBuilder(String relation) {
        throw new UnsupportedOperationException();
    }

    @Override
    public MultivaluedMap<String, Object> getMetadata() {
        throw new UnsupportedOperationException();
    }

    @Override
    public MultivaluedMap<String, String> getStringHeaders() {
        throw new UnsupportedOperationException();
    }
}

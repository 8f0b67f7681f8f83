package org.dbtrelay.testkit;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.concurrent.atomic.AtomicInteger;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwk.RsaJsonWebKey;
import org.jose4j.jwk.RsaJwkGenerator;
import org.jose4j.jws.AlgorithmIdentifiers;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.lang.JoseException;

/** An OAuth token endpoint with one client: signed tokens for its id and secret, as an identity provider gives them. */
public final class TokenEndpoint implements AutoCloseable {

    /** For whom its tokens are. */
    public static final String AUDIENCE = "kafka";

    private static final String KEY_ID = "of the test";
    private static final int MINUTES_VALID = 5;

    private final String subject;
    private final String expected;
    private final RsaJsonWebKey key;
    private final Path keys;
    private final HttpServer server;
    private final AtomicInteger given = new AtomicInteger();

    private TokenEndpoint(Path directory, String client, String secret, String subject)
            throws IOException, JoseException {
        this.subject = subject;
        this.expected =
                "Basic " + Base64.getEncoder().encodeToString((client + ":" + secret).getBytes(StandardCharsets.UTF_8));
        this.key = RsaJwkGenerator.generateJwk(2048);
        key.setKeyId(KEY_ID);
        this.keys = Files.writeString(
                directory.resolve("jwks.json"),
                new JsonWebKeySet(key).toJson(JsonWebKey.OutputControlLevel.PUBLIC_ONLY));
        this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/token", this::answer);
        server.start();
    }

    /**
     * An endpoint that runs.
     *
     * @param directory for the keys that its tokens are checked with
     * @param subject the user that its tokens are of
     */
    public static TokenEndpoint in(Path directory, String client, String secret, String subject) {
        try {
            return new TokenEndpoint(directory, client, secret, subject);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (JoseException e) {
            throw new IllegalStateException("The key could not be made", e);
        }
    }

    /** The address that gives tokens. */
    public String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/token";
    }

    /** The file with the public keys, as a JSON Web Key Set. */
    public Path keys() {
        return keys;
    }

    /** How many tokens it has given. */
    public int given() {
        return given.get();
    }

    @Override
    public void close() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            exchange.getRequestBody().readAllBytes();
            boolean known = expected.equals(exchange.getRequestHeaders().getFirst("Authorization"));
            byte[] body = (known
                            ? "{\"access_token\":\"%s\",\"token_type\":\"Bearer\",\"expires_in\":%d}"
                                    .formatted(token(), MINUTES_VALID * 60)
                            : "{\"error\":\"invalid_client\"}")
                    .getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(known ? 200 : 401, body.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(body);
            }
        }
    }

    private String token() {
        JwtClaims claims = new JwtClaims();
        claims.setSubject(subject);
        claims.setAudience(AUDIENCE);
        claims.setIssuedAtToNow();
        claims.setExpirationTimeMinutesInTheFuture(MINUTES_VALID);
        JsonWebSignature signed = new JsonWebSignature();
        signed.setPayload(claims.toJson());
        signed.setKey(key.getPrivateKey());
        signed.setKeyIdHeaderValue(KEY_ID);
        signed.setAlgorithmHeaderValue(AlgorithmIdentifiers.RSA_USING_SHA256);
        try {
            String token = signed.getCompactSerialization();
            given.incrementAndGet();
            return token;
        } catch (JoseException e) {
            throw new IllegalStateException("The token could not be signed", e);
        }
    }
}

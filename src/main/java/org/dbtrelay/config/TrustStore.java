package org.dbtrelay.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;

/** The certificates that a connection trusts, {@code relay.connections.<name>.trust-store}. */
public final class TrustStore {

    private static final String PEM_BEGINS = "-----BEGIN CERTIFICATE-----";

    private TrustStore() {}

    /**
     * Reads PEM certificates, or a PKCS12 or JKS store.
     *
     * @param password of the store; PEM needs none
     * @throws IOException the file cannot be read, or not with this password
     * @throws GeneralSecurityException it is none of the three
     */
    public static KeyStore read(Path file, String password) throws IOException, GeneralSecurityException {
        if (!new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(PEM_BEGINS)) {
            return KeyStore.getInstance(file.toFile(), password.toCharArray());
        }
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream pem = Files.newInputStream(file)) {
            int number = 0;
            for (Certificate certificate :
                    CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
                store.setCertificateEntry("ca-" + number++, certificate);
            }
        }
        return store;
    }
}

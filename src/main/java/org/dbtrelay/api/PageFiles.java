package org.dbtrelay.api;

import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The files of the page for people, from the class path. They are small and few, so all are in memory. */
@Singleton
class PageFiles {

    /** Where they are among the resources. */
    static final String DIRECTORY = "page/";

    static final String INDEX = "index.html";

    /** All of them: what is not named here is not served. */
    static final List<String> NAMES = List.of(
            INDEX,
            "api.js",
            "charts.js",
            "command.js",
            "command.schema.json",
            "confirm.js",
            "connections.js",
            "deadletters.js",
            "dom.js",
            "icon.svg",
            "instances.js",
            "main.js",
            "overview.js",
            "page.css",
            "parts.js",
            "schema.js",
            "send.js",
            "stream.js",
            "words.js");

    private static final Map<String, String> TYPES = Map.of(
            "html", "text/html; charset=utf-8",
            "js", "text/javascript; charset=utf-8",
            "css", "text/css; charset=utf-8",
            "svg", "image/svg+xml",
            "json", "application/json");

    private final Map<String, PageFile> files;

    PageFiles() {
        this.files = NAMES.stream().collect(Collectors.toUnmodifiableMap(name -> name, PageFiles::read));
    }

    /** A file; nobody changes its content. */
    static final class PageFile {
        private final String type;
        private final byte[] content;
        private final String tag;

        private PageFile(String type, byte[] content, String tag) {
            this.type = type;
            this.content = content;
            this.tag = tag;
        }

        /** The media type. */
        String type() {
            return type;
        }

        byte[] content() {
            return content;
        }

        /** Changes with the content. */
        String tag() {
            return tag;
        }
    }

    Optional<PageFile> named(String name) {
        return Optional.ofNullable(files.get(name));
    }

    private static PageFile read(String name) {
        try (InputStream resource = PageFiles.class.getClassLoader().getResourceAsStream(DIRECTORY + name)) {
            if (resource == null) {
                throw new IllegalStateException("the application was built without " + DIRECTORY + name);
            }
            byte[] content = resource.readAllBytes();
            String type = TYPES.get(name.substring(name.lastIndexOf('.') + 1));
            return new PageFile(String.valueOf(type), content, tag(content));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String tag(byte[] content) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(content);
            return HexFormat.of().formatHex(hash, 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}

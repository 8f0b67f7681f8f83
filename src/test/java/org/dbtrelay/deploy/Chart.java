package org.dbtrelay.deploy;

import com.marcnuri.helm.Helm;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The chart as Helm itself renders it: helm-java has the native library of the helm command. */
public final class Chart {

    static final Path DIRECTORY = Path.of("deploy", "helm", "dbt-cloud-relay");
    private static final String KUBERNETES = "1.30.0";

    private Chart() {}

    /** The values in {@code ci}: what the chart is rendered with. */
    public static List<Path> examples() {
        try (Stream<Path> files = Files.list(DIRECTORY.resolve("ci"))) {
            return files.sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The example of a name, such as {@code least}. */
    static Path example(String name) {
        return DIRECTORY.resolve("ci").resolve(name + "-values.yaml");
    }

    /** The manifests that Helm makes of the chart with these values; it throws if the chart or its schema refuses them. */
    static Manifests rendered(Path values) {
        return Manifests.of(new Helm(DIRECTORY.toAbsolutePath())
                .template()
                .withName("relay")
                .withNamespace("data")
                .withKubeVersion(KUBERNETES)
                .withValuesFile(values.toAbsolutePath())
                .call());
    }

    /** The properties that the relay is started with, as its container would read them. */
    public static Map<String, String> configuration(Path values) {
        Properties properties = new Properties();
        try {
            properties.load(new StringReader(rendered(values)
                    .only("ConfigMap")
                    .path("data")
                    .path("relay.properties")
                    .asText()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Map<String, String> configuration = new TreeMap<>();
        properties.stringPropertyNames().forEach(name -> configuration.put(name, properties.getProperty(name)));
        return configuration;
    }
}

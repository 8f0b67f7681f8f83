package org.dbtrelay.docs;

import java.nio.file.Path;
import org.dbtrelay.testkit.Linters;
import org.dbtrelay.testkit.Schemas;
import org.junit.jupiter.api.Test;

/** Other people's tools read the descriptions in {@code docs} and find no fault. */
class LintersTest {

    private static final Path DOCS = Path.of("docs").toAbsolutePath();
    private static final String OPENAPI = DOCS.resolve("openapi.yaml").toString();

    @Test
    void ajvTakesTheSchemasInStrictMode() {
        Linters.orSkip()
                .run(
                        "schemas.mjs",
                        Schemas.NAMES.stream()
                                .map(name -> DOCS.resolve("schemas/" + name + ".schema.json")
                                        .toString())
                                .toArray(String[]::new));
    }

    @Test
    void redoclyTakesTheDescriptionOfTheApi() {
        Linters.orSkip().run("node_modules/@redocly/cli/bin/cli.js", "lint", "--extends=recommended", OPENAPI);
    }

    @Test
    void spectralTakesTheDescriptionOfTheApi() {
        Linters.orSkip()
                .run(
                        "node_modules/@stoplight/spectral-cli/dist/index.js",
                        "lint",
                        "--ruleset",
                        Path.of("src", "test", "linters", "spectral.yaml")
                                .toAbsolutePath()
                                .toString(),
                        "--fail-severity=error",
                        OPENAPI);
    }
}

package org.dbtrelay.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.stream.Collectors;

/** The services of {@code deploy/compose.yaml}. */
public final class Compose {

    private Compose() {}

    static JsonNode services() {
        return Manifests.at("deploy/compose.yaml").all().getFirst().path("services");
    }

    /** The environment of a service. */
    public static Map<String, String> environment(String service) {
        return services().path(service).path("environment").properties().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, variable -> variable.getValue().asText()));
    }
}

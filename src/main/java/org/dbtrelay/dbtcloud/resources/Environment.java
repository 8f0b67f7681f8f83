package org.dbtrelay.dbtcloud.resources;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.dbtrelay.dbtcloud.http.Envelope.UnreadableAnswer;
import org.jspecify.annotations.Nullable;

/**
 * An environment of a project.
 *
 * @param type {@code deployment} or {@code development}
 * @param deploymentType {@code production}, {@code staging} or another; null where it is none
 * @param dbtVersion not a semantic version: {@code latest}, {@code versionless}, {@code 1.9.0-latest}
 * @param json all that dbt Cloud sent
 */
public record Environment(
        long id,
        String name,
        @Nullable String type,
        @Nullable String deploymentType,
        @Nullable String dbtVersion,
        ObjectNode json) {

    static Environment of(ObjectNode json) throws UnreadableAnswer {
        return new Environment(
                Rows.id(json),
                Rows.name(json),
                Rows.text(json, "type"),
                Rows.text(json, "deployment_type"),
                Rows.text(json, "dbt_version"),
                json);
    }
}

package org.dbtrelay.dbtcloud.resources;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.dbtrelay.dbtcloud.http.Envelope.UnreadableAnswer;
import org.jspecify.annotations.Nullable;

/**
 * An account of dbt Cloud.
 *
 * @param plan for example {@code enterprise}; null if dbt Cloud does not tell
 * @param json all that dbt Cloud sent
 */
public record Account(long id, String name, @Nullable String plan, ObjectNode json) {

    static Account of(ObjectNode json) throws UnreadableAnswer {
        return new Account(Rows.id(json), Rows.name(json), Rows.text(json, "plan"), json);
    }
}

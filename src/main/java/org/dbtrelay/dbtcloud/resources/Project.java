package org.dbtrelay.dbtcloud.resources;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.dbtrelay.dbtcloud.http.Envelope.UnreadableAnswer;

/**
 * A project of dbt Cloud.
 *
 * @param json all that dbt Cloud sent
 */
public record Project(long id, String name, ObjectNode json) {

    static Project of(ObjectNode json) throws UnreadableAnswer {
        return new Project(Rows.id(json), Rows.name(json), json);
    }
}

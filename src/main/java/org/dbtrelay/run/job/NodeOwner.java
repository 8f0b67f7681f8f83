package org.dbtrelay.run.job;

import org.jspecify.annotations.Nullable;

/**
 * The group of a node in dbt's project, and the group's owner: the people to call about the node.
 *
 * @param name of the owner; null if the project does not tell
 * @param email of the owner, or several with commas; null if the project does not tell
 */
public record NodeOwner(
        String group, @Nullable String name, @Nullable String email) {}

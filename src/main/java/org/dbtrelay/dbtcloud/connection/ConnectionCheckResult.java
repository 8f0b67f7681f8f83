package org.dbtrelay.dbtcloud.connection;

import java.util.Set;

/**
 * The result of a check of a connection.
 *
 * @param ok whether the relay can work with it
 * @param suspects what may be wrong, all that fit: dbt Cloud gives one answer to several causes; empty if all is fine
 * @param message for a person
 */
public record ConnectionCheckResult(boolean ok, Set<Suspect> suspects, String message) {

    /** A part that may be wrong. */
    public enum Suspect {
        /** The address of dbt Cloud: not the account's access URL, or not to be reached. */
        HOST,
        /** The token: wrong, revoked, of another host, or not to be read from its file. */
        TOKEN,
        /** The account id: not one that the token is for. */
        ACCOUNT,
        /** The address of this machine: not among those that the account lets in. */
        ADDRESS,
        /** The permissions of the token: it does not see the account's jobs or runs. */
        PERMISSION,
        /** The forward proxy: it wants other credentials. */
        PROXY,
        /** The request limit: the account is shut out for now. */
        LIMIT,
        /** dbt Cloud itself: it does not answer, or with errors. */
        DBT_CLOUD
    }

    /** Copies the set. */
    public ConnectionCheckResult {
        suspects = Set.copyOf(suspects);
    }
}

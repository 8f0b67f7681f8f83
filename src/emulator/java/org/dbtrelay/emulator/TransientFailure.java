package org.dbtrelay.emulator;

import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Failures of warehouses that pass by themselves, in the words in which dbt passes them on: the message of a node in {@code
 * run_results.json}. The words of each adapter are from its documents, or from reports of its users.
 */
public enum TransientFailure {
    POSTGRES_DEADLOCK(
            """
            deadlock detected
              DETAIL:  Process 17244 waits for ShareLock on transaction 83921; blocked by process 17239.
              HINT:  See server log for query details."""),
    SNOWFLAKE_LOCK(
            """
            000625 (57014): Statement '01b2c3d4-0001-2a3b-0000-00012345abcd' has locked table 'ORDERS' in transaction \
            1764406800000000000 and this lock has not yet been released.
              Your statement '01b2c3d4-0001-2a3b-0000-00012345abce' was aborted because the number of waiters for this lock exceeds \
            the 20 statements limit."""),
    BIGQUERY_CONCURRENT_UPDATE(
            """
            Could not serialize access to table jaffle-shop:analytics.orders due to concurrent update"""),
    REDSHIFT_ISOLATION(
            """
            1023
              DETAIL:  Serializable isolation violation on table - 104321, transactions forming the cycle are: 18434, 18440 (pid:18434)"""),
    DATABRICKS_CONCURRENT_APPEND(
            """
            [DELTA_CONCURRENT_APPEND] ConcurrentAppendException: Files were added to the root of the table by a concurrent update. \
            Please try the operation again."""),
    TRINO_OUT_OF_MEMORY(
            """
            TrinoQueryError(type=INSUFFICIENT_RESOURCES, name=CLUSTER_OUT_OF_MEMORY, message="Query killed because the cluster is \
            out of memory. Please try again in a few minutes.", query_id=20261129_090000_00017_abcde)""");

    private final String words;

    TransientFailure(String words) {
        this.words = words;
    }

    /** The whole message of a node that fails so, as dbt writes it. */
    public String message() {
        return "Database Error in model orders (models/orders.sql)\n  " + words
                + "\n  compiled code at target/run/jaffle_shop/models/orders.sql";
    }

    /** The one of that name in small letters; empty: there is none. */
    static Optional<TransientFailure> named(String name) {
        return Stream.of(values())
                .filter(each -> each.name().toLowerCase(Locale.ROOT).equals(name))
                .findFirst();
    }
}

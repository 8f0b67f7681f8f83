/**
 * The durable state on Kafka: one owner for each partition, which claims it, restores its entries and commits every change in one transaction. Takes events and dead letters as ready records.
 */
@NullMarked
package org.dbtrelay.ledger;

import org.jspecify.annotations.NullMarked;

/**
 * Run events and dead letters as Kafka records: CloudEvents in the JSON of the contract. Nothing else writes to the topics that users read.
 */
@NullMarked
package org.dbtrelay.event;

import org.jspecify.annotations.NullMarked;

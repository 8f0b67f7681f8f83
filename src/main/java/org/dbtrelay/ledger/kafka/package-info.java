/**
 * Kafka as the ledger needs it: clients and their settings, the topics that have to be there, and the rights that the relay needs.
 */
@NullMarked
package org.dbtrelay.ledger.kafka;

import org.jspecify.annotations.NullMarked;

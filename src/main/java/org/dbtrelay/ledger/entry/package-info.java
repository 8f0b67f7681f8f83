/**
 * The records of the ledger: entries and positions as versioned JSON.
 */
@NullMarked
package org.dbtrelay.ledger.entry;

import org.jspecify.annotations.NullMarked;

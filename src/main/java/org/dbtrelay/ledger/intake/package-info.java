/**
 * The way from the commands channel to an owner: the mailbox, its bounds, and the valve that pauses a partition.
 */
@NullMarked
package org.dbtrelay.ledger.intake;

import org.jspecify.annotations.NullMarked;

/**
 * The partition of a command's key: where a record belongs, and what the relay writes when it passes one on.
 */
@NullMarked
package org.dbtrelay.ledger.placement;

import org.jspecify.annotations.NullMarked;

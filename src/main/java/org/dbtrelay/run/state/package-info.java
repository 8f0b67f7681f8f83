/** The state of one command: one record of the ledger. */
@NullMarked
package org.dbtrelay.run.state;

import org.jspecify.annotations.NullMarked;

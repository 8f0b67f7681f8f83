/** The events of a run: of itself, of its steps, of its nodes. */
@NullMarked
package org.dbtrelay.lineage.tell;

import org.jspecify.annotations.NullMarked;

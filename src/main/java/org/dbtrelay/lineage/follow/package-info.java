/** Reads the relay's own events, and has the lineage of each run told at least once. */
@NullMarked
package org.dbtrelay.lineage.follow;

import org.jspecify.annotations.NullMarked;

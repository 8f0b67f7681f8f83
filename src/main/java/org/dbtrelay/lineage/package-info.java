/** Lineage of the runs that the relay follows, as OpenLineage events. It reads what the relay has told, and holds up nothing. */
@NullMarked
package org.dbtrelay.lineage;

import org.jspecify.annotations.NullMarked;

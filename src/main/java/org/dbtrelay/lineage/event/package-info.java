/** OpenLineage events: their ids, their facets, their JSON. */
@NullMarked
package org.dbtrelay.lineage.event;

import org.jspecify.annotations.NullMarked;

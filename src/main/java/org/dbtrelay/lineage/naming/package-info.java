/** The names of datasets, as the naming specification of OpenLineage has them. */
@NullMarked
package org.dbtrelay.lineage.naming;

import org.jspecify.annotations.NullMarked;

/** dbt's artifacts as far as lineage needs them: who was built, from what, and what its columns are. */
@NullMarked
package org.dbtrelay.lineage.project;

import org.jspecify.annotations.NullMarked;

/** The relay's view of dbt Cloud: jobs, runs, steps and artifacts, and the ways in which a call can fail. */
@NullMarked
package org.dbtrelay.run.job;

import org.jspecify.annotations.NullMarked;

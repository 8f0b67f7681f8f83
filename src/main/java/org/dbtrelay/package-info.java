/** Runs dbt Cloud jobs on commands from Kafka and answers on Kafka; the packages are told in {@code docs/architecture.md}. */
@NullMarked
package org.dbtrelay;

import org.jspecify.annotations.NullMarked;

/**
 * One method for each happening, for Micrometer; and the keys of the log.
 */
@NullMarked
package org.dbtrelay.metrics;

import org.jspecify.annotations.NullMarked;

/** All commands of one partition of the commands topic: which decisions belong into one batch, and in which order. */
@NullMarked
package org.dbtrelay.run.partition;

import org.jspecify.annotations.NullMarked;

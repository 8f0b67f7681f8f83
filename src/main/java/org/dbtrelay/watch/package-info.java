/**
 * Polling of runs in flight, and the sweep for second runs of a command.
 */
@NullMarked
package org.dbtrelay.watch;

import org.jspecify.annotations.NullMarked;

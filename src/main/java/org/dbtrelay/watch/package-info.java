/**
 * What makes the relay look at runs again: the scheduler that polls in batches.
 */
@NullMarked
package org.dbtrelay.watch;

import org.jspecify.annotations.NullMarked;

/**
 * Artifacts of a run that has ended: is it there, from which step, streamed to a store with size and checksum.
 */
@NullMarked
package org.dbtrelay.artifact;

import org.jspecify.annotations.NullMarked;

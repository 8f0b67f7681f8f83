/**
 * The runs of an account that nobody has sent a command for: which of the listed runs are new, and up to where the list is dealt with.
 */
@NullMarked
package org.dbtrelay.run.observe;

import org.jspecify.annotations.NullMarked;

/** The decisions: one pure function from the state of a command, an input, the time and the policy to the changed state, events and actions. */
@NullMarked
package org.dbtrelay.run.decide;

import org.jspecify.annotations.NullMarked;

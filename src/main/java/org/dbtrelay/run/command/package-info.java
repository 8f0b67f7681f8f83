/** Commands as clients send them, the policy that limits them, and commands with everything resolved. */
@NullMarked
package org.dbtrelay.run.command;

import org.jspecify.annotations.NullMarked;

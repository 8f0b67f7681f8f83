/**
 * The order of things: decide, commit, act, and the answer is the next input. The classes to read first.
 */
@NullMarked
package org.dbtrelay.flow;

import org.jspecify.annotations.NullMarked;

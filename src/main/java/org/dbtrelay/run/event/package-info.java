/** The events and dead letters that the relay writes. */
@NullMarked
package org.dbtrelay.run.event;

import org.jspecify.annotations.NullMarked;

/**
 * The dead letters for people: what was put aside, read from its topic, and sent again once.
 */
@NullMarked
package org.dbtrelay.deadletter;

import org.jspecify.annotations.NullMarked;

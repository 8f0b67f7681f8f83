/**
 * Commands in: from bytes and headers to a command, a rejection or a dead letter.
 */
@NullMarked
package org.dbtrelay.command;

import org.jspecify.annotations.NullMarked;

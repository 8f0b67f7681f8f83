/**
 * HTTP for people and tools: send a command, see where one stands.
 */
@NullMarked
package org.dbtrelay.api;

import org.jspecify.annotations.NullMarked;

/**
 * The configuration tree and its checks, the clock.
 */
@NullMarked
package org.dbtrelay.config;

import org.jspecify.annotations.NullMarked;

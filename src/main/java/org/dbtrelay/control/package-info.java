/**
 * What instances tell each other and remember over the control topic: which connections a person has suspended.
 */
@NullMarked
package org.dbtrelay.control;

import org.jspecify.annotations.NullMarked;

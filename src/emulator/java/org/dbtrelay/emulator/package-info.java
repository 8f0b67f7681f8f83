/**
 * An emulator of dbt Cloud's Admin API: an HTTP server with jobs whose runs follow plans on a clock. It checks requests strictly and
 * makes faults by script. It does not know the relay; {@code docs/emulator.md} tells how to use it with other programs.
 */
@NullMarked
package org.dbtrelay.emulator;

import org.jspecify.annotations.NullMarked;

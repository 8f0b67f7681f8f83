/**
 * A stand-in for dbt Cloud's Admin API: an HTTP server with a world of jobs whose runs live on a clock, strict about
 * requests, and with faults by script. Nothing in here knows the relay; another program may drive it as well.
 */
@NullMarked
package org.dbtrelay.emulator;

import org.jspecify.annotations.NullMarked;

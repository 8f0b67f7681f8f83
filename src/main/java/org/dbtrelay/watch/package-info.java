/**
 * What makes the relay look at dbt Cloud: polls, sweeps, looks for observed runs, names, and the webhook subscription.
 */
@NullMarked
package org.dbtrelay.watch;

import org.jspecify.annotations.NullMarked;

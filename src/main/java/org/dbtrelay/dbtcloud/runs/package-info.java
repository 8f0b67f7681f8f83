/**
 * Starts, retries, cancels, polls, searches and lists runs, and reads their artifacts.
 */
@NullMarked
package org.dbtrelay.dbtcloud.runs;

import org.jspecify.annotations.NullMarked;

/**
 * Builds one client for each configured connection, checks it, and reports its health.
 */
@NullMarked
package org.dbtrelay.dbtcloud.connection;

import org.jspecify.annotations.NullMarked;

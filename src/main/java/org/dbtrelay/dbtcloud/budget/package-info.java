/**
 * Shares out the requests that dbt Cloud allows an account, and tells which accounts are suspended.
 */
@NullMarked
package org.dbtrelay.dbtcloud.budget;

import org.jspecify.annotations.NullMarked;

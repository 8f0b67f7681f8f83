/**
 * dbt Cloud's Administrative API: every call that is not answered well throws a {@link
 * org.dbtrelay.dbtcloud.DbtCloudException} that says what the answer means; the subpackages do the rest.
 */
@NullMarked
package org.dbtrelay.dbtcloud;

import org.jspecify.annotations.NullMarked;

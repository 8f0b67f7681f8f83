/**
 * Everything about dbt Cloud's Administrative API: the REST client, the wire records, the request budget of an account. What comes back is a typed value or a {@link org.dbtrelay.run.job.CallFailure}.
 */
@NullMarked
package org.dbtrelay.dbtcloud;

import org.jspecify.annotations.NullMarked;

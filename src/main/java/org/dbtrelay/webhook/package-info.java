/**
 * dbt Cloud's webhooks: a well-signed one makes the instance that follows the run poll it at once. They are hints and
 * nothing more; without them everything goes on by polling.
 */
@NullMarked
package org.dbtrelay.webhook;

import org.jspecify.annotations.NullMarked;

/**
 * Reads dbt Cloud's webhooks and checks their signatures.
 */
@NullMarked
package org.dbtrelay.dbtcloud.webhook;

import org.jspecify.annotations.NullMarked;

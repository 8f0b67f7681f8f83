/**
 * Sends requests to dbt Cloud, follows redirects, bounds and reads the answers, and maps bad ones to failures.
 */
@NullMarked
package org.dbtrelay.dbtcloud.http;

import org.jspecify.annotations.NullMarked;

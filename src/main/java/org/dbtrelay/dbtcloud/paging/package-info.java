/**
 * Reads dbt Cloud's lists page by page.
 */
@NullMarked
package org.dbtrelay.dbtcloud.paging;

import org.jspecify.annotations.NullMarked;

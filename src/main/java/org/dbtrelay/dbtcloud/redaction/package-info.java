/**
 * Removes secrets and control sequences from texts that dbt Cloud sends, and bounds them.
 */
@NullMarked
package org.dbtrelay.dbtcloud.redaction;

import org.jspecify.annotations.NullMarked;

/**
 * Reads accounts, projects, environments and jobs, and finds jobs by their names.
 */
@NullMarked
package org.dbtrelay.dbtcloud.resources;

import org.jspecify.annotations.NullMarked;

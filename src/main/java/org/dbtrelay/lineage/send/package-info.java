/** The ways to those who want lineage: a topic, and a server. */
@NullMarked
package org.dbtrelay.lineage.send;

import org.jspecify.annotations.NullMarked;

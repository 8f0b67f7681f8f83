/** A program that measures at a real dbt Cloud what the relay takes for granted; {@code docs/live-probe.md} tells how to run it. */
package org.dbtrelay.live;

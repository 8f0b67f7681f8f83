/**
 * What is true of a command and its run, and what may happen next: plain values and one pure decision. Knows neither Kafka nor HTTP nor any framework.
 */
@NullMarked
package org.dbtrelay.run;

import org.jspecify.annotations.NullMarked;

/**
 * The whole relay under fire: real processes, a real broker in a process of its own, and a seeded plan of attacks on all of
 * them. What is promised in {@code docs/guarantees.md} is checked at the end, from outside.
 */
package org.dbtrelay.soak;

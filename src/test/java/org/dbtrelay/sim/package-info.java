/**
 * The proof: the real code against a simulated Kafka, dbt Cloud, clock and scheduler, in seeded histories of crashes, freezes,
 * lost answers and rebalances, after each of which the promises are checked. Begin at {@link org.dbtrelay.sim.Simulation}.
 */
package org.dbtrelay.sim;

package org.dbtrelay.flow;

/** The place on the commands topic of a command that came by HTTP, or in a record without a key. */
public sealed interface Destination {

    /** The partition that its record key makes, as for all producers. */
    record Keyed(String key) implements Destination {}

    /**
     * The partition of the command that it is about: ids are known by partition.
     *
     * @param target the id of that command
     */
    record Beside(int partition, String target) implements Destination {}

    /**
     * Beside a command that no partition of this instance has.
     *
     * @param target the id of that command
     */
    record Unknown(String target) implements Destination {}
}

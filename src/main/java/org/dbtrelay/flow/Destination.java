package org.dbtrelay.flow;

/** Where on the commands topic a command that came by HTTP goes. */
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
     * Nobody here can tell.
     *
     * @param message what to do about it
     */
    record Unknown(String message) implements Destination {}
}

package org.dbtrelay.flow;

/** Where on the commands topic a command that came by HTTP goes. */
public sealed interface Destination {

    /** The partition that its record key makes, as for all producers. */
    record Keyed(String key) implements Destination {}

    /**
     * The partition of the command that it is about: ids are known by partition.
     *
     * @param key for those who read the topic; it decides nothing here
     */
    record Beside(int partition, String key) implements Destination {}

    /**
     * Nobody here can tell.
     *
     * @param message what to do about it
     */
    record Unknown(String message) implements Destination {}
}

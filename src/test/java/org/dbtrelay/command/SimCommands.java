package org.dbtrelay.command;

import org.dbtrelay.config.RelayConfig;

/** Lets the simulation make what is made by the container otherwise. */
public final class SimCommands {

    private SimCommands() {}

    /** The real decoder. */
    public static CommandDecoder decoder(RelayConfig config) {
        return new CommandDecoder(config);
    }
}

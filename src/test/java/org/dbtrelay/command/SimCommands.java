package org.dbtrelay.command;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.dbtrelay.config.RelayConfig;

/** Lets other packages' tests make what is made by the container, or only here, otherwise. */
public final class SimCommands {

    private SimCommands() {}

    /** The real decoder. */
    public static CommandDecoder decoder(RelayConfig config) {
        return new CommandDecoder(config);
    }

    /** A record as nobody should send it. */
    public static ConsumerRecord<byte[], byte[]> odd(long seed) {
        return new OddCommands(seed).next();
    }
}

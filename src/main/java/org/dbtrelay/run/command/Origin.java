package org.dbtrelay.run.command;

import java.util.Locale;

/**
 * Who wanted a run to be told of. The id of a command says it: {@code observed/<account id>/<run id>} is the relay's own, and no
 * client may send it.
 */
public enum Origin {
    /** A client has sent a command. */
    COMMAND,
    /** The relay has found a run that nobody had sent a command for. */
    OBSERVED;

    /** The header of the commands that the relay itself writes; its value is the command's id. */
    public static final String HEADER = "relay-observed";

    /** The beginning of the ids of observed runs. */
    public static final String PREFIX = "observed/";

    /** The origin of a command. */
    public static Origin of(String commandId) {
        return commandId.startsWith(PREFIX) ? OBSERVED : COMMAND;
    }

    /** The id of the command that follows an observed run. */
    public static String idOf(long accountId, long runId) {
        return PREFIX + accountId + "/" + runId;
    }

    /** The word for it in events and over HTTP. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}

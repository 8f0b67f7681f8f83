package org.dbtrelay.config;

/**
 * One thing that is wrong with the configuration.
 *
 * @param key the full key as the user writes it, such as {@code relay.poll.interval}
 * @param wrong what is wrong and what would be right, on one line; never a secret
 */
public record ConfigFault(String key, String wrong) {

    /** A line break in a value must not make two lines of one fault. */
    public ConfigFault {
        wrong = wrong.replaceAll("\\s*\\R\\s*", " ");
    }

    /** The line that is shown to the user. */
    public String line() {
        return key + ": " + wrong;
    }
}

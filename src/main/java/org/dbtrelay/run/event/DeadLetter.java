package org.dbtrelay.run.event;

/**
 * The verdict on a record that is no command.
 *
 * @param message for a person
 */
public record DeadLetter(DeadLetterReason reason, String message) {}

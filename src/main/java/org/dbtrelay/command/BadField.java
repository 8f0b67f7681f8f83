package org.dbtrelay.command;

/** A field that is not as it has to be; the message names the field and the rule. */
final class BadField extends Exception {

    private static final long serialVersionUID = 1L;

    BadField(String field, String rule) {
        super(field + ": " + rule);
    }

    /** The message: never null. */
    String rule() {
        return String.valueOf(getMessage());
    }
}
